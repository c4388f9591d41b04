import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { countText } from '../../ui/format.ts'
import { CursorTable } from './cursor-table.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { AccountLink, BlockLink, NamedLink } from './links.tsx'

interface Row {
  readonly contract: string
  readonly publisher: string
  readonly name: string
  readonly version: number
  readonly publishedHeight: number
  readonly calls: number
}

export default function Contracts() {
  const { t } = useTranslation('explorer')
  const columns = useMemo(
    () => [
      {
        id: 'name',
        header: t('contract.name'),
        cell: ({ contract, name }: Row) => <NamedLink to={`/explorer/contract/${contract}`} name={name} />,
      },
      {
        id: 'publisher',
        header: t('contract.publisher'),
        cell: ({ publisher }: Row) => <AccountLink address={publisher} />,
      },
      {
        id: 'height',
        header: t('contract.published'),
        isMinor: true,
        cell: ({ publishedHeight }: Row) => <BlockLink height={publishedHeight} />,
      },
      {
        id: 'version',
        header: t('contract.version'),
        align: 'end' as const,
        isMinor: true,
        cell: ({ version }: Row) => countText(version),
      },
      {
        id: 'calls',
        header: t('contract.calls'),
        align: 'end' as const,
        cell: ({ calls }: Row) => countText(calls),
      },
    ],
    [t],
  )
  return (
    <ExplorerFrame title={t('places.contracts')}>
      <CursorTable
        title={t('contract.list')}
        name="contracts"
        params={{}}
        columns={columns}
        rowKey={({ contract }) => contract}
      />
    </ExplorerFrame>
  )
}
