import type { AgentStatusAnswer } from '@smartshare/client'
import { type DragEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Icon } from '../../ui/icon.tsx'
import { StoreForm } from './store-form.tsx'

/** Where files are dropped or chosen. What they cost is shown before anything is sent. */
export function UploadZone({
  status,
  isAway,
}: {
  readonly status: AgentStatusAnswer | undefined
  readonly isAway: boolean
}) {
  const { t } = useTranslation('storage')
  const input = useRef<HTMLInputElement>(null)
  const [isOver, setOver] = useState(false)
  const [files, setFiles] = useState<readonly File[]>([])
  const isReady = status !== undefined && !isAway
  const take = (chosen: FileList | null) => {
    const list = [...(chosen ?? [])]
    if (isReady && list.length > 0) setFiles(list)
  }
  const drag = (isNear: boolean) => (event: DragEvent) => {
    event.preventDefault()
    setOver(isNear)
  }
  return (
    <section
      aria-label={t('upload.title')}
      onDragOver={drag(true)}
      onDragLeave={drag(false)}
      onDrop={(event) => {
        drag(false)(event)
        take(event.dataTransfer.files)
      }}
      className={`flex flex-col items-center gap-3 rounded-lg border-2 border-dashed px-6 py-8 text-center transition-colors ${isOver && isReady ? 'border-accent bg-accent-soft' : 'border-line-strong bg-surface'}`}
    >
      <span className="text-accent">
        <Icon name="send" size={28} />
      </span>
      <p className="hidden text-lg font-semibold sm:block">{t('upload.drop')}</p>
      <p className="max-w-md text-muted">{t('upload.text')}</p>
      <input
        ref={input}
        type="file"
        multiple
        tabIndex={-1}
        aria-hidden="true"
        className="hidden"
        onChange={({ target }) => {
          take(target.files)
          target.value = ''
        }}
      />
      <Button look="primary" icon="plus" disabled={!isReady} onClick={() => input.current?.click()}>
        {t('upload.choose')}
      </Button>
      <Dialog isOpen={files.length > 0} onClose={() => setFiles([])} title={t('store.title', { count: files.length })}>
        {status === undefined || files.length === 0 ? null : (
          <StoreForm files={files} status={status} onDone={() => setFiles([])} />
        )}
      </Dialog>
    </section>
  )
}
