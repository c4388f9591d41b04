import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { contactsQuery, vaultQuery } from '../../chain/queries.ts'
import { Address } from '../../ui/address.tsx'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { countText } from '../../ui/format.ts'

const LINK = 'rounded-sm text-accent hover:underline'
const HASH_HEAD = 10
const HASH_TAIL = 6
const ADDRESS_CHARACTERS = 62

export function isAddressText(text: string): boolean {
  return text.length === ADDRESS_CHARACTERS && text.startsWith('ssp1')
}

export function shortHash(hash: string): string {
  return `${hash.slice(0, HASH_HEAD)}…${hash.slice(-HASH_TAIL)}`
}

export function BlockLink({ height }: { readonly height: number }) {
  return (
    <Link to={`/explorer/block/${height}`} className={`figures ${LINK}`}>
      {countText(height)}
    </Link>
  )
}

export function TransactionLink({ id, isWhole = false }: { readonly id: string; readonly isWhole?: boolean }) {
  return (
    <Link
      to={`/explorer/transaction/${id}`}
      title={id}
      className={`font-mono text-sm ${LINK} ${isWhole ? 'break-all' : 'whitespace-nowrap'}`}
    >
      {isWhole ? id : shortHash(id)}
    </Link>
  )
}

/** The name that the owner of this browser gave an address. */
function useOwnName(address: string): string | undefined {
  const { data: vault } = useQuery(vaultQuery)
  const { data: contacts } = useQuery(contactsQuery)
  return [...(vault?.accounts ?? []), ...(contacts ?? [])].find((one) => one.address === address)?.name
}

/** An address that leads to its page; `name`: what others call it. What the owner of this browser calls it goes before. */
export function AccountLink({ address, name }: { readonly address: string; readonly name?: string | null }) {
  const own = useOwnName(address)
  const shown = own ?? (name === null || name === '' ? undefined : name)
  return (
    <Link to={`/explorer/account/${address}`} className="inline-flex max-w-full min-w-0 rounded-sm hover:underline">
      <Address address={address} name={shown} hasCopy={false} />
    </Link>
  )
}

export function NamedLink({ to, name }: { readonly to: string; readonly name: string }) {
  return (
    <Link to={to} className={`inline-flex max-w-full min-w-0 font-medium ${LINK}`}>
      <ForeignName name={name} />
    </Link>
  )
}

/** Who did something: a module of the system by its name, a contract by its address. */
export function SourceLink({ from }: { readonly from: string }) {
  if (!isAddressText(from)) return <span className="font-mono text-sm">{from}</span>
  return (
    <Link to={`/explorer/contract/${from}`} className="inline-flex max-w-full min-w-0 rounded-sm hover:underline">
      <Address address={from} hasCopy={false} />
    </Link>
  )
}
