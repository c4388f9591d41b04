import type { UseQueryResult } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '../../ui/amount.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { countText, momentText } from '../../ui/format.ts'
import { QueryPanel } from '../../ui/state-panel.tsx'
import type { MoneyEvent } from './history.ts'

/** What was paid to whom, inspection by inspection, as the index tells it. */
export function MoneyFlow({
  query,
  token,
}: {
  readonly query: UseQueryResult<MoneyEvent[] | null>
  readonly token: string
}) {
  const { t, i18n } = useTranslation('storage')
  const columns = useMemo(() => columnsOf(t, i18n.language, token), [t, i18n.language, token])
  return (
    <QueryPanel
      query={query}
      lines={4}
      isEmpty={(events) => events === null || events.length === 0}
      empty={<p className="px-5 py-6 text-muted">{t(query.data === null ? 'money.noIndex' : 'money.empty')}</p>}
    >
      {(events) => (
        <DataTable
          label={t('money.title')}
          columns={columns}
          rows={events ?? []}
          rowKey={({ key }) => key}
          initialSort={{ id: 'time', isDescending: true }}
        />
      )}
    </QueryPanel>
  )
}

function columnsOf(t: TFunction<'storage'>, language: string, token: string): Column<MoneyEvent>[] {
  const sum = (grains: bigint) =>
    grains === 0n ? (
      <span className="text-muted">–</span>
    ) : token === 'SSP' ? (
      <Amount units={grains} size="sm" />
    ) : (
      <span className="figures">{countText(grains)}</span>
    )
  return [
    {
      id: 'time',
      header: t('money.time'),
      sortBy: ({ timeMs }) => timeMs,
      cell: ({ timeMs }) => <span className="text-sm sm:whitespace-nowrap">{momentText(timeMs, language)}</span>,
    },
    {
      id: 'what',
      header: t('money.what'),
      sortBy: ({ kind }) => kind,
      cell: ({ kind, inspection, agreement }) => (
        <span className="flex flex-col text-sm">
          {t(`money.kinds.${kind}`, { inspection: inspection === null ? '' : countText(inspection + 1) })}
          <span className="text-xs text-muted">{t('money.agreement', { agreement: countText(agreement) })}</span>
        </span>
      ),
    },
    {
      id: 'paid',
      header: t('money.paid'),
      align: 'end',
      sortBy: ({ paidGrains }) => paidGrains,
      cell: ({ paidGrains }) => sum(paidGrains),
    },
    {
      id: 'locked',
      header: t('money.locked'),
      align: 'end',
      isMinor: true,
      sortBy: ({ lockedGrains }) => lockedGrains,
      cell: ({ lockedGrains }) => sum(lockedGrains),
    },
    {
      id: 'fee',
      header: t('money.fee'),
      align: 'end',
      isMinor: true,
      sortBy: ({ feeGrains }) => feeGrains,
      cell: ({ feeGrains }) => sum(feeGrains),
    },
    {
      id: 'held',
      header: t('money.held'),
      align: 'end',
      isMinor: true,
      sortBy: ({ heldGrains }) => heldGrains,
      cell: ({ heldGrains }) => sum(heldGrains),
    },
    {
      id: 'returned',
      header: t('money.returned'),
      align: 'end',
      isMinor: true,
      sortBy: ({ returnedGrains }) => returnedGrains,
      cell: ({ returnedGrains }) => sum(returnedGrains),
    },
  ]
}
