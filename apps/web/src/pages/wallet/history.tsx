import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contactsQuery, holdingsQuery, paymentsQuery, vaultQuery } from '../../chain/queries.ts'
import { shortAddress } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { Button } from '../../ui/button.tsx'
import { codeText } from '../../ui/error-text.ts'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { countText, momentText } from '../../ui/format.ts'
import { Icon, type IconName } from '../../ui/icon.tsx'
import { Section } from '../../ui/section.tsx'
import { EmptyPanel, QueryPanel } from '../../ui/state-panel.tsx'
import type { Payment } from '../../worker/payment-types.ts'
import { historyQuery } from './history-query.ts'
import type { HistoryItem } from './remote.ts'

const PAGE = 12
const OPEN = new Set<Payment['state']>(['signing', 'sent'])

/** Names that the owner of this browser gave to addresses. */
export function useNames(): ReadonlyMap<string, string> {
  const { data: vault } = useQuery(vaultQuery)
  const { data: contacts } = useQuery(contactsQuery)
  const own = vault?.accounts.map(({ address, name }) => [address, name] as const) ?? []
  const others = contacts?.map(({ address, name }) => [address, name] as const) ?? []
  return new Map([...others, ...own])
}

/** What happened to an account: what this browser has under way first, then what is on the chain. */
export function History({ address }: { readonly address: string }) {
  const { t } = useTranslation('wallet')
  const query = useQuery(historyQuery(address))
  const { data: payments } = useQuery(paymentsQuery(address))
  const [shown, setShown] = useState(PAGE)
  // What was executed stands in the history of the chain.
  const own = payments?.filter(
    ({ state, height }) =>
      OPEN.has(state) || state === 'refused' || state === 'expired' || (state === 'failed' && height !== null),
  )
  const listed = own?.slice(0, PAGE) ?? []
  return (
    <Section title={t('history.title')}>
      {listed.length > 0 ? (
        <ul className="divide-y divide-line border-b border-line">
          {listed.map((payment) => (
            <OwnPayment key={payment.id} payment={payment} />
          ))}
        </ul>
      ) : null}
      <QueryPanel
        query={query}
        lines={6}
        isEmpty={({ items }) => items.length === 0}
        empty={
          listed.length > 0 ? null : (
            <EmptyPanel icon="clock" title={t('history.empty.title')} text={t('history.empty.text')} />
          )
        }
      >
        {({ items, sinceHeight }) => (
          <>
            <ul className="divide-y divide-line">
              {items.slice(0, shown).map((item) => (
                <Event key={item.key} item={item} address={address} />
              ))}
            </ul>
            <div className="flex flex-wrap items-center justify-between gap-3 border-t border-line px-5 py-3 text-sm text-muted">
              {sinceHeight > 1 ? t('history.since', { height: countText(sinceHeight) }) : t('history.all')}
              {items.length > shown ? (
                <Button size="sm" onClick={() => setShown(shown + PAGE)}>
                  {t('history.more')}
                </Button>
              ) : null}
            </div>
          </>
        )}
      </QueryPanel>
    </Section>
  )
}

const looks: Readonly<Record<Payment['state'], { readonly icon: IconName; readonly look: string }>> = {
  signing: { icon: 'clock', look: 'bg-warn-soft text-warn' },
  sent: { icon: 'clock', look: 'bg-warn-soft text-warn' },
  done: { icon: 'check', look: 'bg-accent-soft text-accent' },
  failed: { icon: 'close', look: 'bg-bad-soft text-bad' },
  refused: { icon: 'close', look: 'bg-bad-soft text-bad' },
  expired: { icon: 'close', look: 'bg-bad-soft text-bad' },
}

function OwnPayment({ payment }: { readonly payment: Payment }) {
  const { t, i18n } = useTranslation('wallet')
  const names = useNames()
  const { subject, state, code, createdMs } = payment
  const { icon, look } = looks[state]
  const to = subject.to === undefined ? subject.kind : (names.get(subject.to) ?? shortAddress(subject.to))
  return (
    <li data-payment={state} className="flex items-center gap-4 px-5 py-3.5">
      <Mark icon={icon} look={look} />
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium">{t('history.to', { to })}</p>
        <p className="truncate text-sm text-muted">
          {t(`payment.${state}`)}
          {code === null ? '' : ` · ${codeText(code, t)}`} · {momentText(createdMs, i18n.language)}
        </p>
      </div>
      {subject.units === undefined ? null : (
        <Amount units={-subject.units} decimals={subject.decimals ?? 8} symbol={subject.symbol ?? 'SSP'} />
      )}
    </li>
  )
}

function Event({ item, address }: { readonly item: HistoryItem; readonly address: string }) {
  const { t, i18n } = useTranslation('wallet')
  const names = useNames()
  const { transfer, timeMs, height, feeGrains } = item
  const when =
    timeMs === null ? t('common:network.height', { height: countText(height) }) : momentText(timeMs, i18n.language)
  if (transfer === null) {
    return (
      <li className="flex items-center gap-4 px-5 py-3.5">
        <Mark icon="contracts" look="bg-sunken text-muted" />
        <div className="min-w-0 flex-1">
          <p className="truncate font-medium">
            <ForeignName name={item.name} />
          </p>
          <p className="truncate text-sm text-muted">
            {item.from.length > 40 ? shortAddress(item.from) : item.from} · {when}
          </p>
        </div>
      </li>
    )
  }
  const isOut = transfer.units < 0n
  const name = names.get(transfer.other)
  return (
    <li className="flex items-center gap-4 px-5 py-3.5">
      <Mark icon={isOut ? 'send' : 'receive'} look={isOut ? 'bg-sunken text-muted' : 'bg-accent-soft text-accent'} />
      <div className="min-w-0 flex-1">
        <p title={transfer.other} className="truncate font-medium">
          {name === undefined ? (
            <span className="font-mono text-sm">{shortAddress(transfer.other)}</span>
          ) : (
            <ForeignName name={name} />
          )}
        </p>
        <p className="truncate text-sm text-muted">
          {when}
          {feeGrains > 0n ? (
            <>
              {' · '}
              {t('history.fee')} <Amount units={feeGrains} size="sm" />
            </>
          ) : null}
        </p>
      </div>
      <TransferAmount address={address} {...transfer} />
    </li>
  )
}

function TransferAmount({
  address,
  token,
  units,
}: {
  readonly address: string
  readonly token: string
  readonly units: bigint
}) {
  const { data: holdings } = useQuery({ ...holdingsQuery(address), enabled: token !== 'SSP' })
  if (token === 'SSP') return <Amount units={units} isSigned />
  const held = holdings?.find((holding) => holding.token === token)
  return <Amount units={units} decimals={held?.decimals ?? 0} symbol={held?.symbol ?? shortAddress(token)} isSigned />
}

function Mark({ icon, look }: { readonly icon: IconName; readonly look: string }) {
  return (
    <span className={`flex size-9 shrink-0 items-center justify-center rounded-full ${look}`}>
      <Icon name={icon} size={18} />
    </span>
  )
}
