import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { blockColumns } from './columns.tsx'
import { CursorTable } from './cursor-table.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { LatestBlocks } from './latest-blocks.tsx'

export default function Blocks() {
  const { t } = useTranslation('explorer')
  const columns = useMemo(() => blockColumns(t), [t])
  return (
    <ExplorerFrame title={t('places.blocks')}>
      <CursorTable
        title={t('blocks.title')}
        name="blocks"
        params={{}}
        columns={columns}
        rowKey={({ hash }) => hash}
        fallback={<LatestBlocks />}
      />
    </ExplorerFrame>
  )
}
