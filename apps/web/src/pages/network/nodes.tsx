import type { TFunction } from 'i18next'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { errorText } from '../../ui/error-text.ts'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { countText } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'
import type { NodeReport } from './remote.ts'

/** The nodes that this app may ask, each with what it says of itself. */
export function Nodes({ reports, chainId }: { readonly reports: readonly NodeReport[]; readonly chainId: string }) {
  const { t } = useTranslation('network')
  const columns = useMemo(() => columnsOf(t, chainId), [t, chainId])
  return (
    <DataTable
      label={t('nodes.title')}
      columns={columns}
      rows={reports}
      rowKey={({ url }) => url}
      initialSort={{ id: 'node', isDescending: false }}
    />
  )
}

function columnsOf(t: TFunction<'network'>, chainId: string): Column<NodeReport>[] {
  return [
    {
      id: 'node',
      header: t('nodes.node'),
      sortBy: ({ url }) => url,
      cell: ({ url, status }) => (
        <span className="block min-w-0">
          {status === null ? null : (
            <span className="block font-medium">
              <ForeignName name={status.node} />
            </span>
          )}
          <span className="block font-mono text-xs text-muted">{new URL(url).host}</span>
        </span>
      ),
    },
    { id: 'state', header: t('nodes.state'), cell: (report) => <State report={report} chainId={chainId} /> },
    {
      id: 'height',
      header: t('nodes.height'),
      align: 'end',
      sortBy: ({ status }) => status?.height ?? null,
      cell: ({ status }) => <Figure value={status?.height} />,
    },
    {
      id: 'answer',
      header: t('nodes.answer'),
      align: 'end',
      sortBy: ({ status, answerMs }) => (status === null ? null : answerMs),
      cell: ({ status, answerMs }) => <Figure value={status === null ? undefined : answerMs} />,
    },
    {
      id: 'peers',
      header: t('nodes.peers'),
      align: 'end',
      isMinor: true,
      sortBy: ({ status }) => status?.peers ?? null,
      cell: ({ status }) => <Figure value={status?.peers} />,
    },
    {
      id: 'version',
      header: t('nodes.version'),
      isMinor: true,
      sortBy: ({ status }) => status?.version ?? null,
      cell: ({ status }) => (status === null ? null : <ForeignName name={status.version} />),
    },
    {
      id: 'metrics',
      header: t('nodes.metrics'),
      isMinor: true,
      cell: ({ url }) => (
        <a
          href={new URL('/metrics', url).href}
          target="_blank"
          rel="noreferrer"
          className="inline-flex h-9 items-center gap-1 rounded-sm text-accent hover:underline"
        >
          {t('nodes.metrics')}
          <Icon name="external" size={14} />
        </a>
      ),
    },
  ]
}

function State({ report: { status, error }, chainId }: { readonly report: NodeReport; readonly chainId: string }) {
  const { t } = useTranslation('network')
  const isOther = status !== null && status.chainId !== chainId
  const isGood = status?.healthy === true && !isOther
  const why = isOther ? t('nodes.other') : (status?.problem ?? (error === null ? '' : errorText(error, t)))
  return (
    <span
      data-node={isGood ? 'good' : 'bad'}
      className={`inline-flex items-center gap-1.5 text-sm ${isGood ? 'whitespace-nowrap text-accent' : 'text-bad'}`}
    >
      <Icon name={isGood ? 'check' : 'warning'} size={16} />
      {isGood ? t('nodes.good') : <ForeignName name={why} />}
    </span>
  )
}

function Figure({ value }: { readonly value: number | undefined }) {
  return <span className="figures">{value === undefined ? '–' : countText(value)}</span>
}
