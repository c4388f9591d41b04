import type { TFunction } from 'i18next'
import type { Column } from '../../ui/data-table.tsx'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { countText } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'
import type { Item } from './cursor-table.tsx'
import { AccountLink, BlockLink, isAddressText, TransactionLink } from './links.tsx'
import { Moment } from './moment.tsx'
import { TokenAmount } from './token-amount.tsx'

type Texts = TFunction<'explorer'>

export function StatusMark({ status, label }: { readonly status: 'done' | 'failed'; readonly label: string }) {
  return (
    <span
      className={`inline-flex items-center gap-1 text-sm whitespace-nowrap ${status === 'done' ? 'text-accent' : 'text-bad'}`}
    >
      <Icon name={status === 'done' ? 'check' : 'close'} size={16} />
      {label}
    </span>
  )
}

export function blockColumns(t: Texts): Column<Item<'blocks'>>[] {
  return [
    { id: 'height', header: t('block.height'), cell: ({ height }) => <BlockLink height={height} /> },
    { id: 'time', header: t('block.time'), isMinor: true, cell: ({ timeMs }) => <Moment ms={timeMs} /> },
    {
      id: 'leader',
      header: t('block.leader'),
      cell: ({ leader, leaderName }) => <AccountLink address={leader} name={leaderName} />,
    },
    { id: 'count', header: t('block.transactions'), align: 'end', cell: (row) => countText(row.transactions) },
    { id: 'missed', header: t('block.missed'), align: 'end', isMinor: true, cell: (row) => countText(row.missed) },
    { id: 'gas', header: t('block.gas'), align: 'end', isMinor: true, cell: (row) => countText(row.gas) },
  ]
}

export function transactionColumns(t: Texts): Column<Item<'transactions'>>[] {
  return [
    { id: 'id', header: t('transaction.id'), cell: ({ id }) => <TransactionLink id={id} /> },
    { id: 'calls', header: t('transaction.calls'), cell: ({ calls }) => <CallNames calls={calls} /> },
    {
      id: 'sender',
      header: t('transaction.sender'),
      isMinor: true,
      cell: ({ sender }) => <AccountLink address={sender} />,
    },
    {
      id: 'height',
      header: t('transaction.block'),
      isMinor: true,
      cell: ({ height }) => <BlockLink height={height} />,
    },
    {
      id: 'status',
      header: t('transaction.status'),
      cell: ({ status }) => <StatusMark status={status} label={t(`status.${status}`)} />,
    },
    {
      id: 'fee',
      header: t('transaction.fee'),
      align: 'end',
      isMinor: true,
      cell: ({ feeGrains }) => <TokenAmount token="SSP" units={feeGrains} />,
    },
  ]
}

function CallNames({ calls }: { readonly calls: Item<'transactions'>['calls'] }) {
  const [first] = calls
  if (first === undefined) return null
  return (
    <span className="flex max-w-40 min-w-0 flex-col md:max-w-56">
      <span className="truncate">
        <ForeignName name={first.method} />
        {calls.length > 1 ? <span className="text-muted"> +{calls.length - 1}</span> : null}
      </span>
      <span className="truncate font-mono text-xs text-muted">
        {isAddressText(first.to) ? `${first.to.slice(0, 10)}…` : first.to}
      </span>
    </span>
  )
}

export function transferColumns(t: Texts, account?: string): Column<Item<'accountTransfers'>>[] {
  return [
    { id: 'time', header: t('block.time'), isMinor: true, cell: ({ timeMs }) => <Moment ms={timeMs} /> },
    {
      id: 'from',
      header: t('transfer.from'),
      cell: ({ from }) => (from === null ? t('transfer.minted') : <AccountLink address={from} />),
    },
    {
      id: 'to',
      header: t('transfer.to'),
      cell: ({ to }) => (to === null ? t('transfer.burnt') : <AccountLink address={to} />),
    },
    {
      id: 'transaction',
      header: t('transaction.id'),
      isMinor: true,
      cell: ({ transaction, height }) =>
        transaction === null ? <BlockLink height={height} /> : <TransactionLink id={transaction} />,
    },
    {
      id: 'amount',
      header: t('transfer.amount'),
      align: 'end',
      cell: ({ from, to, token, amount }) => (
        <TokenAmount
          token={token}
          units={account !== undefined && from === account && to !== account ? -amount : amount}
          isSigned={account !== undefined}
        />
      ),
    },
  ]
}

/** A key for rows of transfers and events: their place in the chain. */
export function placeKey({ height, position }: { readonly height: number; readonly position: number }): string {
  return `${height} ${position}`
}
