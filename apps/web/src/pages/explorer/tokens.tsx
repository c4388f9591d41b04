import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { countText } from '../../ui/format.ts'
import { CursorTable } from './cursor-table.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { AccountLink, NamedLink } from './links.tsx'
import { TokenAmount } from './token-amount.tsx'

interface Row {
  readonly token: string
  readonly issuer: string
  readonly name: string
  readonly symbol: string
  readonly supply: bigint
  readonly holders: number
}

export default function Tokens() {
  const { t } = useTranslation('explorer')
  const columns = useMemo(
    () => [
      {
        id: 'name',
        header: t('token.name'),
        cell: ({ token, name }: Row) => <NamedLink to={`/explorer/token/${token}`} name={name} />,
      },
      { id: 'symbol', header: t('token.symbol'), cell: ({ symbol }: Row) => <ForeignName name={symbol} /> },
      {
        id: 'issuer',
        header: t('token.issuer'),
        isMinor: true,
        cell: ({ issuer }: Row) => <AccountLink address={issuer} />,
      },
      {
        id: 'holders',
        header: t('token.holders'),
        align: 'end' as const,
        isMinor: true,
        cell: ({ holders }: Row) => countText(holders),
      },
      {
        id: 'supply',
        header: t('token.supply'),
        align: 'end' as const,
        cell: ({ token, supply }: Row) => <TokenAmount token={token} units={supply} />,
      },
    ],
    [t],
  )
  return (
    <ExplorerFrame title={t('places.tokens')} text={t('token.warning')}>
      <CursorTable title={t('token.list')} name="tokens" params={{}} columns={columns} rowKey={({ token }) => token} />
    </ExplorerFrame>
  )
}
