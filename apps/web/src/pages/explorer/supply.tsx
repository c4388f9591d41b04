import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { countText } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { VerifiedBadge } from '../../ui/verified-badge.tsx'
import { CursorTable } from './cursor-table.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { AccountLink } from './links.tsx'
import { supplyQuery } from './queries.ts'
import { SupplySum } from './supply-sum.tsx'
import { TokenAmount } from './token-amount.tsx'

/** Where every grain is. */
export default function Supply() {
  const { t } = useTranslation('explorer')
  const query = useQuery(supplyQuery)
  const columns = useMemo(
    () => [
      {
        id: 'account',
        header: t('token.holder'),
        cell: (row: { account: string; name: string | null }) => <AccountLink address={row.account} name={row.name} />,
      },
      {
        id: 'units',
        header: t('transfer.amount'),
        align: 'end' as const,
        cell: (row: { units: bigint }) => <TokenAmount token="SSP" units={row.units} />,
      },
    ],
    [t],
  )
  return (
    <ExplorerFrame title={t('supply.title')} text={t('supply.text')}>
      <Section
        title={t('supply.parts', { height: countText(query.data?.height ?? 0) })}
        aside={query.data === undefined ? null : <VerifiedBadge proof={query.data.proof} />}
      >
        <QueryPanel query={query} lines={14}>
          {(view) => <SupplySum view={view} />}
        </QueryPanel>
      </Section>
      <CursorTable
        title={t('supply.holders')}
        name="tokenHolders"
        params={{ token: 'SSP' }}
        columns={columns}
        rowKey={({ account }) => account}
      />
    </ExplorerFrame>
  )
}
