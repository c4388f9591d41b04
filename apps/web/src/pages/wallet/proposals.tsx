import { formatAddress } from '@smartshare/crypto'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { queryClient } from '../../chain/queries.ts'
import { chain } from '../../chain/remote.ts'
import { Address } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy-button.tsx'
import { TextArea } from '../../ui/field.tsx'
import { Problem } from '../../ui/problem.tsx'
import { Section } from '../../ui/section.tsx'
import { EmptyPanel, QueryPanel } from '../../ui/state-panel.tsx'
import type { ProposalInfo } from '../../worker/shared-types.ts'
import { useNames } from './history.tsx'
import { Unlock } from './unlock.tsx'
import { useAccount } from './use-account.ts'

const SSP = 0

/** What waits for approvals of the owners of a shared account. */
export function Proposals({ address }: { readonly address: string }) {
  const { t } = useTranslation('wallet')
  const query = useQuery({
    queryKey: ['payments', 'proposals', address],
    queryFn: () => chain.shared.list(address),
    meta: { live: true },
  })
  const [text, setText] = useState('')
  const [error, setError] = useState<unknown>(undefined)
  const receive = (event: FormEvent) => {
    event.preventDefault()
    setError(undefined)
    chain.shared.receive(text).then(() => setText(''), setError)
  }
  return (
    <Section title={t('proposals.title')}>
      <QueryPanel
        query={query}
        isEmpty={(all) => all.length === 0}
        empty={<EmptyPanel icon="people" title={t('proposals.empty')} text={t('proposals.emptyText')} />}
      >
        {(all) => (
          <ul className="divide-y divide-line">
            {all.map((proposal) => (
              <Proposal key={proposal.id} proposal={proposal} />
            ))}
          </ul>
        )}
      </QueryPanel>
      <form onSubmit={receive} className="flex flex-col gap-2 border-t border-line p-5">
        <TextArea
          label={t('proposals.receive')}
          hint={t('proposals.receiveHint')}
          value={text}
          rows={3}
          className="font-mono text-xs"
          onChange={({ target }) => setText(target.value)}
        />
        <Problem error={error} />
        <Button type="submit" className="self-start" disabled={text === ''}>
          {t('proposals.add')}
        </Button>
      </form>
    </Section>
  )
}

function Proposal({ proposal }: { readonly proposal: ProposalInfo }) {
  const { t } = useTranslation('wallet')
  const { vault } = useAccount()
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  const { id, state, signedBy, threshold, ownKeys, text, calls } = proposal
  const owner = vault?.accounts.find((one) => one.kind === 'key' && ownKeys.includes(one.publicKey))
  const isOpen = owner?.kind === 'key' && vault?.wallets.some((one) => one.isOpen && one.id === owner.wallet) === true
  const isWaiting = state === 'collecting' || state === 'ready'
  const mayApprove = isWaiting && owner !== undefined && !ownKeys.some((key) => signedBy.includes(key))
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true)
    setError(undefined)
    try {
      await work()
      await queryClient.invalidateQueries({ predicate: ({ meta }) => meta?.live === true })
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <li data-proposal={state} className="flex flex-col gap-3 px-5 py-4">
      {calls.map((call, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: calls have no identity but their place
        <CallText key={index} {...call} />
      ))}
      <div className="flex flex-wrap items-center gap-3 text-sm">
        <span className="font-medium">{t(`proposals.state.${state}`)}</span>
        <span className="figures text-muted">{t('proposals.signed', { count: signedBy.length, threshold })}</span>
        <span className="ml-auto flex items-center gap-1 text-muted">
          {t('proposals.give')}
          <CopyButton text={text} label={t('proposals.copy')} />
        </span>
      </div>
      <span data-proposal-text={text} hidden />
      <Problem error={error} />
      <div className="flex flex-wrap gap-2">
        {mayApprove && isOpen ? (
          <Button
            look="primary"
            size="sm"
            icon="check"
            isBusy={isBusy}
            onClick={() => void run(() => chain.shared.approve(id))}
          >
            {t('proposals.approve')}
          </Button>
        ) : null}
        {state === 'ready' ? (
          <Button
            look="primary"
            size="sm"
            icon="send"
            isBusy={isBusy}
            onClick={() => void run(() => chain.shared.execute(id))}
          >
            {t('proposals.execute')}
          </Button>
        ) : null}
        {isWaiting ? null : (
          <Button look="quiet" size="sm" onClick={() => void run(() => chain.shared.forget(id))}>
            {t('common:action.close')}
          </Button>
        )}
      </div>
      {mayApprove && !isOpen ? <Unlock account={owner} /> : null}
    </li>
  )
}

/** What a call does, in words where it is a payment. */
function CallText({ module, method, args }: ProposalInfo['calls'][number]) {
  const { t } = useTranslation('wallet')
  const names = useNames()
  if (module === 'tokens' && method === 'transfer') {
    const { to, amount, token } = args as {
      readonly to: Uint8Array
      readonly amount: bigint
      readonly token: 0 | Uint8Array
    }
    const address = formatAddress(to)
    return (
      <div className="flex flex-wrap items-center justify-between gap-3">
        <Address address={address} name={names.get(address)} hasCopy={false} />
        {token === SSP ? (
          <Amount units={amount} />
        ) : (
          <Amount units={amount} decimals={0} symbol={formatAddress(token)} />
        )}
      </div>
    )
  }
  return (
    <p className="font-mono text-sm break-all">
      {t('proposals.call', { call: module === null ? method : `${module}.${method}` })}
    </p>
  )
}
