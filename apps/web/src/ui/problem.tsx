import { useTranslation } from 'react-i18next'
import { errorText } from './error-text.ts'
import { Note } from './state-panel.tsx'

/** What an attempt failed with; nothing while there is no error. */
export function Problem({ error }: { readonly error: unknown }) {
  const { t } = useTranslation()
  if (error === undefined || error === null) return null
  return (
    <Note look="bad" icon="warning">
      <span role="alert">{errorText(error, t)}</span>
    </Note>
  )
}
