import { queryOptions, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { chain } from '../../chain/remote.ts'
import { Amount } from '../../ui/amount.tsx'
import { dayText } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'

const PER_CENT = 100n

const locksQuery = (address: string) =>
  queryOptions({ queryKey: ['locks', address], queryFn: () => chain.rpc.locks(address), meta: { live: true } })

/** What is locked for an account, each lock as a line of time: what is free, what comes when. */
export function Locks({ address }: { readonly address: string }) {
  const { t, i18n } = useTranslation('wallet')
  const query = useQuery(locksQuery(address))
  return (
    <Section title={t('locks.title')}>
      <QueryPanel
        query={query}
        lines={2}
        isEmpty={({ vesting, unbonding }) => vesting.length + unbonding.length === 0}
        empty={<p className="px-5 py-6 text-muted">{t('locks.empty')}</p>}
      >
        {({ vesting, unbonding }) => (
          <ul className="divide-y divide-line">
            {vesting.map((lock) => {
              const free = lock.claimedGrains + lock.freeGrains
              const share = lock.grains === 0n ? 0 : Number((free * PER_CENT) / lock.grains)
              return (
                <li key={lock.lock} className="flex flex-col gap-2 px-5 py-4">
                  <div className="flex justify-between gap-3">
                    <Amount units={lock.grains} />
                    <span className="text-sm text-muted">{t('locks.free', { share })}</span>
                  </div>
                  <LockLine share={share} label={t('locks.free', { share })} />
                  <div className="flex justify-between gap-3 text-sm text-muted">
                    <span>{dayText(lock.startMs, i18n.language)}</span>
                    <span>{t(lock.cliff ? 'locks.atOnce' : 'locks.steadily')}</span>
                    <span>{dayText(lock.endMs, i18n.language)}</span>
                  </div>
                  <p className="text-sm text-muted">
                    {t('locks.claimable')} <Amount units={lock.freeGrains} size="sm" />
                  </p>
                </li>
              )
            })}
            {unbonding.map(({ grains, freeMs }) => (
              <li key={`${freeMs} ${grains}`} className="flex justify-between gap-3 px-5 py-4">
                <Amount units={grains} />
                <span className="text-sm text-muted">
                  {t('locks.unbonds', { day: dayText(freeMs, i18n.language) })}
                </span>
              </li>
            ))}
          </ul>
        )}
      </QueryPanel>
    </Section>
  )
}

function LockLine({ share, label }: { readonly share: number; readonly label: string }) {
  return (
    <div role="img" aria-label={label} className="h-2 overflow-hidden rounded-full bg-line">
      <div className="h-full rounded-full bg-accent" style={{ width: `${share}%` }} />
    </div>
  )
}
