import type { AgentObject } from '@smartshare/client'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/button.tsx'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { objectName } from './objects.tsx'
import { MAX_PICTURE_BYTES, MAX_TEXT_BYTES, previewKind } from './preview-kind.ts'
import { remote } from './queries.ts'
import { sizeText } from './size-text.ts'

const NEVER_OLD = Number.POSITIVE_INFINITY

/** A look at the object, where one is safe: nothing in it can run. It is read from a copy only when it is asked for. */
export function Preview({ object }: { readonly object: AgentObject }) {
  const { t } = useTranslation('storage')
  const [isOpen, setOpen] = useState(false)
  const shown = previewKind(object)
  if (shown.kind === 'none') return null
  return (
    <Section
      title={t('preview.title')}
      aside={
        <Button look="quiet" size="sm" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {t(isOpen ? 'preview.hide' : 'common:action.show')}
        </Button>
      }
    >
      {isOpen ? null : <p className="px-5 py-4 text-muted">{t('preview.text')}</p>}
      {isOpen && shown.kind === 'picture' ? <Picture object={object} type={shown.type} /> : null}
      {isOpen && shown.kind === 'text' ? <Text object={object} /> : null}
      {isOpen && shown.kind === 'pdf' ? <Document object={object} /> : null}
    </Section>
  )
}

function Picture({ object, type }: { readonly object: AgentObject; readonly type: string }) {
  const { t } = useTranslation('storage')
  const query = useQuery({
    queryKey: ['storage', 'picture', object.object],
    queryFn: () => remote.beginning(object.object, MAX_PICTURE_BYTES, type),
    staleTime: NEVER_OLD,
  })
  const [url, setUrl] = useState<string | undefined>(undefined)
  const [isBroken, setBroken] = useState(false)
  const { data } = query
  useEffect(() => {
    if (data === undefined) return undefined
    const made = URL.createObjectURL(data)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [data])
  return (
    <QueryPanel query={query} lines={4}>
      {() =>
        isBroken ? (
          <p className="px-5 py-6 text-muted">{t('preview.broken')}</p>
        ) : (
          <div className="flex justify-center bg-sunken p-5">
            <img
              src={url}
              alt={t('preview.picture', { name: objectName(object) })}
              className="max-h-[32rem] max-w-full object-contain"
              onError={() => setBroken(true)}
            />
          </div>
        )
      }
    </QueryPanel>
  )
}

function Text({ object }: { readonly object: AgentObject }) {
  const { t } = useTranslation('storage')
  const query = useQuery({
    queryKey: ['storage', 'text', object.object],
    queryFn: async () => await (await remote.beginning(object.object, MAX_TEXT_BYTES, 'text/plain')).text(),
    staleTime: NEVER_OLD,
  })
  return (
    <QueryPanel query={query} lines={6} isEmpty={(text) => text === ''}>
      {(text) => (
        <>
          <pre
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable with the keyboard
            tabIndex={0}
            className="max-h-[32rem] overflow-auto p-5 font-mono text-sm break-words whitespace-pre-wrap"
          >
            {text}
          </pre>
          {object.sizeBytes > MAX_TEXT_BYTES ? (
            <p className="border-t border-line px-5 py-3 text-sm text-muted">
              {t('preview.beginning', { size: sizeText(MAX_TEXT_BYTES) })}
            </p>
          ) : null}
        </>
      )}
    </QueryPanel>
  )
}

/** In a frame of the agent's own origin, which can touch nothing of the app. */
function Document({ object }: { readonly object: AgentObject }) {
  const query = useQuery({
    queryKey: ['storage', 'document', object.object],
    queryFn: () => remote.place(object.object, 'page'),
    // An address opens once.
    staleTime: NEVER_OLD,
    gcTime: 0,
  })
  return (
    <QueryPanel query={query} lines={6}>
      {(place) => <iframe src={place} title={objectName(object)} className="h-[36rem] w-full border-0" />}
    </QueryPanel>
  )
}
