import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { buttonClass } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy-button.tsx'
import { countText } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { VerifiedBadge } from '../../ui/verified-badge.tsx'
import { transactionColumns } from './columns.tsx'
import { CursorTable } from './cursor-table.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { FactList } from './fact-list.tsx'
import { AccountLink, BlockLink } from './links.tsx'
import { Moment } from './moment.tsx'
import { blockQuery, indexQuery } from './queries.ts'
import type { NodeBlock } from './remote/proofs.ts'
import { Seats } from './seats.tsx'

const HEIGHT = /^\d{1,15}$/

export default function Block() {
  const { block = '' } = useParams({ strict: false }) as { block?: string }
  const { t } = useTranslation('explorer')
  // A hash is turned into a height by the index; everything else comes from a node.
  const isHeight = HEIGHT.test(block)
  const byHash = useQuery({ ...indexQuery('block', { block }), enabled: !isHeight })
  const height = isHeight ? Number(block) : byHash.data?.height
  if (height === undefined) {
    return (
      <ExplorerFrame title={t('block.title', { height: '' })}>
        <QueryPanel query={byHash}>{() => null}</QueryPanel>
      </ExplorerFrame>
    )
  }
  return <BlockAt key={height} height={height} />
}

function BlockAt({ height }: { readonly height: number }) {
  const { t } = useTranslation('explorer')
  const query = useQuery(blockQuery(height))
  const columns = useMemo(() => transactionColumns(t), [t])
  return (
    <ExplorerFrame title={t('block.title', { height: countText(height) })}>
      <Section
        title={t('block.facts')}
        aside={query.data === undefined ? null : <VerifiedBadge proof={query.data.proof} />}
      >
        <QueryPanel query={query} lines={10}>
          {(found) => <Facts found={found} />}
        </QueryPanel>
      </Section>
      {query.data === undefined ? null : <Signers found={query.data} />}
      {query.data?.header.transactionCount === 0 ? null : (
        <CursorTable
          title={t('block.transactions')}
          name="blockTransactions"
          params={{ height }}
          columns={columns}
          rowKey={({ id }) => id}
        />
      )}
      <nav aria-label={t('block.neighbours')} className="flex justify-between gap-3">
        {height > 1 ? (
          <Link to={`/explorer/block/${height - 1}`} className={buttonClass('plain', 'sm')}>
            <Icon name="left" size={16} />
            {countText(height - 1)}
          </Link>
        ) : (
          <span />
        )}
        <Link to={`/explorer/block/${height + 1}`} className={buttonClass('plain', 'sm')}>
          {countText(height + 1)}
          <Icon name="right" size={16} />
        </Link>
      </nav>
    </ExplorerFrame>
  )
}

function Facts({ found: { header } }: { readonly found: NodeBlock }) {
  const { t } = useTranslation('explorer')
  const { data: indexed } = useQuery(indexQuery('block', { block: String(header.height) }))
  const hash = (text: string) => (
    <span className="flex items-start gap-1 font-mono text-sm break-all">
      {text}
      <span className="-my-1.5">
        <CopyButton text={text} />
      </span>
    </span>
  )
  return (
    <FactList
      facts={[
        { name: t('block.hash'), value: hash(header.hash) },
        {
          name: t('block.parent'),
          value: header.height > 1 ? <BlockLink height={header.height - 1} /> : t('block.genesis'),
        },
        { name: t('block.time'), value: <Moment ms={header.timeMs} /> },
        {
          name: t('block.leader'),
          value:
            indexed === undefined ? (
              t('block.seat', { seat: header.leader })
            ) : (
              <AccountLink address={indexed.leader} name={indexed.leaderName} />
            ),
        },
        {
          name: t('block.turn'),
          value: t('block.turnText', {
            term: countText(header.term),
            slot: countText(header.slot),
            missed: countText(indexed?.missed ?? 0),
          }),
        },
        { name: t('block.transactions'), value: countText(header.transactionCount) },
        { name: t('block.gas'), value: countText(header.gas) },
        { name: t('block.price'), value: t('block.priceText', { price: countText(header.basePrice) }) },
        { name: t('block.state'), value: hash(header.stateRoot) },
        {
          name: t('block.rootHeight'),
          value: header.rootHeight === 0 ? t('block.genesis') : <BlockLink height={header.rootHeight} />,
        },
      ]}
    />
  )
}

/** Who signed the certificate that made the block final, seat by seat. */
function Signers({ found: { header, signers } }: { readonly found: NodeBlock }) {
  const { t } = useTranslation('explorer')
  const { data } = useQuery(indexQuery('termSeats', { term: header.term }, { limit: 200 }))
  if (signers === null) return null
  const seats = data?.items.map(({ address, name }) => ({ address, name })) ?? []
  const count = seats.length
  return (
    <Section title={t('certificate.title')}>
      <div className="flex flex-col gap-3 p-5">
        <p>
          {count === 0
            ? t('certificate.signed', { signers: signers.length })
            : t('certificate.of', { signers: signers.length, seats: count })}
        </p>
        <Seats signers={signers} seats={seats} />
      </div>
    </Section>
  )
}
