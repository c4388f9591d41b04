import type { ChainStatus } from '@smartshare/client'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useNetwork } from '../../chain/queries.ts'
import { countText, spanParts } from '../../ui/format.ts'

const TENTHS = 10

/** The figures that say at a glance how the chain is. */
export function Facts({ status }: { readonly status: ChainStatus }) {
  const { t } = useTranslation('network')
  const span = spanParts(useNetwork()?.ageMs ?? 0)
  const { protocol } = status
  return (
    <dl className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-4">
      <Fact name={t('facts.height')} value={countText(status.height)}>
        {t('facts.age', { time: t(`common:${span.key}`, { count: span.count }) })}
      </Fact>
      <Fact name={t('facts.throughput')} value={countText(Math.round(status.txPerSecond * TENTHS) / TENTHS)}>
        {t('facts.perSecond')}
      </Fact>
      <Fact name={t('facts.waiting')} value={countText(status.mempoolTransactions)}>
        {t('facts.waitingText')}
      </Fact>
      <Fact name={t('facts.price')} value={countText(status.basePrice)}>
        {t('facts.priceUnit')}
      </Fact>
      <Fact name={t('facts.mode')} value={t(`mode.${status.mode}`)}>
        {t(`mode.text.${status.mode}`)}
      </Fact>
      <Fact name={t('facts.term')} value={countText(status.term)}>
        {t('facts.slot', { slot: countText(status.slot) })}
      </Fact>
      <Fact name={t('facts.final')} value={countText(status.final - status.height)}>
        {t('facts.finalText')}
      </Fact>
      <Fact name={t('facts.protocol')} value={countText(protocol.version)}>
        {protocol.next === null
          ? t('facts.newest', { version: protocol.latest })
          : t('facts.next', { version: protocol.next.version, term: countText(protocol.next.term) })}
      </Fact>
    </dl>
  )
}

function Fact({
  name,
  value,
  children,
}: {
  readonly name: string
  readonly value: string
  readonly children: ReactNode
}) {
  return (
    <div className="card flex flex-col gap-0.5 px-4 py-3">
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="figures text-xl font-semibold tracking-tight">{value}</dd>
      <dd className="text-sm text-muted">{children}</dd>
    </div>
  )
}
