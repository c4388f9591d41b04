import type { AgentStatusAnswer } from '@smartshare/client'
import { type DragEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Icon } from '../../ui/icon.tsx'
import { say } from '../../ui/toast.tsx'
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
  const take = (chosen: readonly File[]) => {
    if (isReady && chosen.length > 0) setFiles(chosen)
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    const dropped = [...event.dataTransfer.items].filter(({ kind }) => kind === 'file')
    const isFolder = (item: DataTransferItem) => item.webkitGetAsEntry()?.isDirectory === true
    if (dropped.some(isFolder)) say(t('upload.folders'))
    take(dropped.filter((item) => !isFolder(item)).flatMap((item) => item.getAsFile() ?? []))
  }
  useEffect(() => {
    // A file that misses the place would otherwise be opened instead of the app.
    const stay = (event: Event) => event.preventDefault()
    addEventListener('dragover', stay)
    addEventListener('drop', stay)
    return () => {
      removeEventListener('dragover', stay)
      removeEventListener('drop', stay)
    }
  }, [])
  return (
    <section
      aria-label={t('upload.title')}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget as Node | null)) setOver(false)
      }}
      onDrop={drop}
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
          take([...(target.files ?? [])])
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
