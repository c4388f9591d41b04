import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy-button.tsx'
import { errorText } from '../../ui/error-text.ts'
import { TextField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { EmptyPanel, Note } from '../../ui/state-panel.tsx'
import { pairWith } from './use-pairing-link.ts'

const SERVE = 'smartshare agent serve'
const SHOW = 'npx smartshare agent pair'

/** The app was told of no agent when it was served. */
export function NoAgent() {
  const { t } = useTranslation('storage')
  return (
    <div className="card">
      <EmptyPanel icon="storage" title={t('none.title')} text={t('none.text')}>
        <Words words={SERVE} />
      </EmptyPanel>
    </div>
  )
}

/** The agent does not answer now; what was known of it stays on the page. */
export function AgentAway({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  const { t } = useTranslation('storage')
  return (
    <Note look="warn" icon="warning">
      <div role="alert" data-agent="away" className="flex flex-wrap items-center justify-between gap-3">
        <span>
          <span className="block font-medium">{errorText(error, t)}</span>
          {t('away')} <code className="font-mono">{SERVE}</code>
        </span>
        <Button size="sm" onClick={onRetry}>
          {t('common:action.retry')}
        </Button>
      </div>
    </Note>
  )
}

/** Asks for the token that the agent shows in its terminal. */
export function Pair({
  agent,
  error: given,
  isBusy: isGivenBusy,
}: {
  readonly agent: string
  /** Of a link that was opened, or of the token that was used until now. */
  readonly error: unknown
  readonly isBusy: boolean
}) {
  const { t } = useTranslation('storage')
  const [token, setToken] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [own, setOwn] = useState<unknown>(undefined)
  const error = own ?? given ?? undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setOwn(undefined)
    // A whole link will do as well.
    pairWith(token.trim().replace(/^.*#agent=/, ''))
      .catch(setOwn)
      .finally(() => setBusy(false))
  }
  return (
    <Section title={t('pair.title')}>
      <form onSubmit={submit} className="flex max-w-xl flex-col gap-4 p-5">
        <p className="text-muted">{t('pair.text')}</p>
        <ol className="flex list-decimal flex-col gap-2 pl-5">
          <li>
            {t('pair.step')} <Words words={SHOW} />
          </li>
          <li>{t('pair.open')}</li>
        </ol>
        <TextField
          label={t('pair.token')}
          type="password"
          value={token}
          className="font-mono text-sm"
          onChange={({ target }) => setToken(target.value)}
          hint={t('pair.hint', { agent: new URL(agent).host })}
          error={error === undefined || error === null ? undefined : errorText(error, t)}
        />
        <Button
          type="submit"
          look="primary"
          icon="key"
          isBusy={isBusy || isGivenBusy}
          disabled={token.trim() === ''}
          className="self-start"
        >
          {t('pair.do')}
        </Button>
      </form>
    </Section>
  )
}

function Words({ words }: { readonly words: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1 rounded-md bg-sunken px-2 py-0.5">
      <code className="truncate font-mono text-sm">{words}</code>
      <CopyButton text={words} />
    </span>
  )
}
