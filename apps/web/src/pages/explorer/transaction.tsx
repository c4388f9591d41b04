import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { CopyButton } from '../../ui/copy-button.tsx'
import { countText } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { EmptyPanel, Note, QueryPanel } from '../../ui/state-panel.tsx'
import { VerifiedBadge } from '../../ui/verified-badge.tsx'
import { CallList, SignedCalls } from './call-list.tsx'
import { StatusMark } from './columns.tsx'
import { EventList } from './event-list.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { FactList } from './fact-list.tsx'
import { AccountLink, BlockLink } from './links.tsx'
import { Moment } from './moment.tsx'
import { indexQuery, transactionQuery } from './queries.ts'
import type { NodeTransaction } from './remote/proofs.ts'
import { TokenAmount } from './token-amount.tsx'
import { visibleText } from './visible-text.ts'

export default function Transaction() {
  const { id = '' } = useParams({ strict: false }) as { id?: string }
  const { t } = useTranslation('explorer')
  const query = useQuery(transactionQuery(id))
  return (
    <ExplorerFrame title={t('transaction.title')}>
      <p className="flex items-start gap-1 font-mono text-sm break-all text-muted">
        {visibleText(id)}
        <span className="-my-2">
          <CopyButton text={id} />
        </span>
      </p>
      <QueryPanel
        query={query}
        lines={10}
        isEmpty={({ state }) => state !== 'executed'}
        empty={
          <EmptyPanel
            icon="clock"
            title={t(`transaction.state.${query.data?.state === 'pending' ? 'pending' : 'unknown'}`)}
            text={t(`transaction.stateText.${query.data?.state === 'pending' ? 'pending' : 'unknown'}`)}
          />
        }
      >
        {(found) => <Executed id={id} found={found} />}
      </QueryPanel>
    </ExplorerFrame>
  )
}

function Executed({ id, found }: { readonly id: string; readonly found: NodeTransaction }) {
  const { t } = useTranslation('explorer')
  const indexed = useQuery(indexQuery('transaction', { id }))
  const { receipt, proof, height, index, sizeBytes } = found
  const events = receipt?.events ?? []
  return (
    <>
      {receipt?.error == null ? null : (
        <Note look="bad" icon="warning">
          <p className="font-semibold">{t('transaction.failed')}</p>
          <p className="break-words">
            <bdi>{visibleText(receipt.error.message)}</bdi> ({visibleText(receipt.error.code)})
          </p>
        </Note>
      )}
      <Section title={t('transaction.receipt')} aside={proof === null ? null : <VerifiedBadge proof={proof} />}>
        <FactList
          facts={[
            receipt === null
              ? null
              : {
                  name: t('transaction.status'),
                  value: <StatusMark status={receipt.status} label={t(`status.${receipt.status}`)} />,
                },
            height === null
              ? null
              : {
                  name: t('transaction.block'),
                  value: (
                    <span className="flex flex-wrap items-baseline gap-x-3">
                      <BlockLink height={height} />
                      <span className="text-sm text-muted">{t('transaction.place', { index: index ?? 0 })}</span>
                    </span>
                  ),
                },
            indexed.data === undefined ? null : { name: t('block.time'), value: <Moment ms={indexed.data.timeMs} /> },
            indexed.data === undefined
              ? null
              : { name: t('transaction.sender'), value: <AccountLink address={indexed.data.sender} /> },
            receipt === null ? null : { name: t('transaction.payer'), value: <AccountLink address={receipt.payer} /> },
            receipt === null
              ? null
              : { name: t('transaction.fee'), value: <TokenAmount token="SSP" units={receipt.feeGrains} /> },
            receipt === null ? null : { name: t('block.gas'), value: countText(receipt.gasUsed) },
            sizeBytes === null
              ? null
              : { name: t('transaction.size'), value: t('transaction.bytes', { size: countText(sizeBytes) }) },
            receipt === null ? null : { name: t('transaction.how'), value: t(`verification.${receipt.verification}`) },
          ]}
        />
      </Section>
      <Section title={t('transaction.calls')}>
        {indexed.data === undefined ? <SignedCalls calls={found.calls} /> : <CallList calls={indexed.data.calls} />}
      </Section>
      <Section title={t('transaction.events', { count: events.length })}>
        {events.length === 0 ? (
          <p className="px-5 py-6 text-muted">{t('transaction.noEvents')}</p>
        ) : (
          <EventList events={events.map((event, i) => ({ ...event, key: String(i) }))} />
        )}
      </Section>
    </>
  )
}
