import type { AgentObject } from '@smartshare/client'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '../../ui/amount.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/problem.tsx'

/** Says what ending all agreements now costs and gives back, before it is done. */
export function RemoveDialog({
  object,
  isOpen,
  onClose,
  onDone,
  remove,
}: {
  readonly object: AgentObject
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly onDone: () => void
  readonly remove: (object: string) => Promise<void>
}) {
  const { t } = useTranslation('storage')
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const endings = object.agreements.flatMap(({ ending }) => ending ?? [])
  const cost = endings.reduce((sum, { costGrains }) => sum + costGrains, 0n)
  const returned = endings.reduce((sum, { returnedGrains }) => sum + returnedGrains, 0n)
  const act = () => {
    setBusy(true)
    setError(undefined)
    remove(object.object)
      .then(onDone, setError)
      .finally(() => setBusy(false))
  }
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title={t('remove.question')} text={t('remove.text')}>
      <div className="flex flex-col gap-4">
        <dl className="flex flex-col gap-1.5 rounded-md bg-sunken px-4 py-3">
          <div className="flex justify-between gap-3">
            <dt className="text-muted">{t('remove.cost')}</dt>
            <dd>{object.token === 'SSP' ? <Amount units={cost} /> : String(cost)}</dd>
          </div>
          <div className="flex justify-between gap-3">
            <dt className="text-muted">{t('remove.returned')}</dt>
            <dd>{object.token === 'SSP' ? <Amount units={returned} /> : String(returned)}</dd>
          </div>
        </dl>
        <Problem error={error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('common:action.cancel')}</Button>
          <Button look="danger" isBusy={isBusy} onClick={act}>
            {t('remove.do')}
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
