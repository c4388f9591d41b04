import { useTranslation } from 'react-i18next'
import { CopyButton } from './copy-button.tsx'
import { ForeignName } from './foreign-name.tsx'
import { Identicon } from './identicon.tsx'

const HEAD = 10
const TAIL = 6
const GROUP = /.{1,4}/g

interface AddressProps {
  readonly address: string
  /** The name that the owner of this browser gave it. */
  readonly name?: string | undefined
  /** In full, in groups, to be compared by eye. */
  readonly isWhole?: boolean
  readonly hasCopy?: boolean
}

export function shortAddress(address: string): string {
  return address.length <= HEAD + TAIL + 1 ? address : `${address.slice(0, HEAD)}…${address.slice(-TAIL)}`
}

/** An address with its picture; hovering or a reader tells it in full. */
export function Address({ address, name, isWhole = false, hasCopy = true }: AddressProps) {
  const { t } = useTranslation()
  return (
    <span className="inline-flex min-w-0 max-w-full items-center gap-2">
      <Identicon text={address} size={isWhole ? 36 : 24} />
      <span className="min-w-0">
        {name === undefined ? null : (
          <span className="block truncate font-medium">
            <ForeignName name={name} />
          </span>
        )}
        {isWhole ? (
          <span className="font-mono text-sm leading-6">{(address.match(GROUP) ?? []).join(' ')}</span>
        ) : (
          <span
            title={address}
            className={`block truncate font-mono text-sm ${name === undefined ? '' : 'text-muted'}`}
          >
            {shortAddress(address)}
          </span>
        )}
      </span>
      {hasCopy ? <CopyButton text={address} label={t('address.copy')} /> : null}
    </span>
  )
}
