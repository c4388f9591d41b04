import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/button.tsx'
import { transactionColumns } from './columns.tsx'
import { CursorTable } from './cursor-table.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'

export default function Transactions() {
  const { t } = useTranslation('explorer')
  const [isFailed, setFailed] = useState(false)
  const columns = useMemo(() => transactionColumns(t), [t])
  return (
    <ExplorerFrame title={t('places.transactions')}>
      <div>
        <Button size="sm" aria-pressed={isFailed} onClick={() => setFailed(!isFailed)}>
          {t(isFailed ? 'transactions.all' : 'transactions.failed')}
        </Button>
      </div>
      <CursorTable
        title={t(isFailed ? 'transactions.failedTitle' : 'transactions.title')}
        name="transactions"
        params={{}}
        query={isFailed ? { failed: 'true' } : {}}
        columns={columns}
        rowKey={({ id }) => id}
      />
    </ExplorerFrame>
  )
}
