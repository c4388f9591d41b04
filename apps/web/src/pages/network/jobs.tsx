import type { ContractJob } from '@smartshare/client'
import type { TFunction } from 'i18next'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Address } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { countText } from '../../ui/format.ts'

/** Heavy calls that are not done yet. */
export function Jobs({ jobs }: { readonly jobs: readonly ContractJob[] }) {
  const { t } = useTranslation('network')
  const columns = useMemo(() => columnsOf(t), [t])
  return <DataTable label={t('jobs.title')} columns={columns} rows={jobs} rowKey={({ job }) => String(job)} />
}

function columnsOf(t: TFunction<'network'>): Column<ContractJob>[] {
  return [
    { id: 'job', header: t('jobs.job'), sortBy: ({ job }) => job, cell: ({ job }) => countText(job) },
    {
      id: 'contract',
      header: t('jobs.contract'),
      cell: ({ contract, method }) => (
        <span className="flex flex-col">
          <ForeignName name={method} />
          <Address address={contract} />
        </span>
      ),
    },
    {
      id: 'state',
      header: t('jobs.state'),
      sortBy: ({ state }) => state,
      cell: ({ state }) => t(`jobs.states.${state}`),
    },
    {
      id: 'opens',
      header: t('jobs.attested'),
      align: 'end',
      isMinor: true,
      cell: ({ run }) => (run === null ? '–' : t('jobs.of', { commits: run.commits, seats: run.seats })),
    },
    {
      id: 'fee',
      header: t('jobs.fee'),
      align: 'end',
      sortBy: ({ highestFeeGrains }) => highestFeeGrains,
      cell: ({ highestFeeGrains }) => <Amount units={highestFeeGrains} size="sm" />,
    },
  ]
}
