import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createPasskey, hasPasskeys } from '../../chain/passkey.ts'
import { chain } from '../../chain/remote.ts'
import { Button } from '../../ui/button.tsx'
import { errorText } from '../../ui/error-text.ts'
import { TextArea, TextField } from '../../ui/field.tsx'
import { Problem } from '../../ui/problem.tsx'
import { Note } from '../../ui/state-panel.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { chooseAccount } from './use-account.ts'
import { WordList } from './word-list.tsx'

const LEAST_PASSWORD_CHARACTERS = 10
const ASKED_WORDS = 3
const MAX_FILE_BYTES = 8192

export default function NewWallet() {
  const { t } = useTranslation('wallet')
  const search: { way?: string } = useSearch({ strict: false })
  const [way, setWay] = useState(search.way === 'import' ? 'words' : search.way === 'passkey' ? 'passkey' : 'create')
  const tabs = [
    { id: 'create', label: t('new.create.tab'), content: <Create /> },
    { id: 'words', label: t('new.words.tab'), content: <ImportWords /> },
    { id: 'file', label: t('new.file.tab'), content: <ImportFile /> },
    { id: 'passkey', label: t('new.passkey.tab'), content: <Passkey /> },
  ]
  return (
    <div className="flex max-w-2xl flex-col gap-6">
      <h1 className="text-2xl">{t('new.title')}</h1>
      <Tabs label={t('new.title')} tabs={tabs} value={way} onChange={setWay} />
    </div>
  )
}

/** Runs what adds a wallet, and goes to it. */
function useKeep() {
  const navigate = useNavigate()
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  const keep = async (work: () => Promise<{ readonly address: string }>) => {
    setBusy(true)
    setError(undefined)
    try {
      const { address } = await work()
      chooseAccount(address)
      await navigate({ to: '/wallet' })
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return { keep, error, isBusy }
}

function Create() {
  const { t } = useTranslation('wallet')
  const [step, setStep] = useState<'words' | 'check' | 'password'>('words')
  const [words, setWords] = useState<readonly string[]>([])
  const { keep, error, isBusy } = useKeep()
  useEffect(() => {
    void chain.vault.draft().then((text) => setWords(text.split(' ')))
  }, [])
  if (step === 'words') {
    return (
      <div className="flex flex-col gap-5">
        <p className="text-muted">{t('new.create.text')}</p>
        <WordList words={words} className="card gap-y-2 p-5 md:grid-cols-4" />
        <Note look="warn" icon="warning">
          {t('new.create.warning')}
        </Note>
        <Button look="primary" className="self-start" disabled={words.length === 0} onClick={() => setStep('check')}>
          {t('new.create.written')}
        </Button>
      </div>
    )
  }
  if (step === 'check')
    return <CheckWords words={words} onBack={() => setStep('words')} onRight={() => setStep('password')} />
  return (
    <NameAndPassword
      error={error}
      isBusy={isBusy}
      onDone={(name, password) => void keep(() => chain.vault.keepDraft(name, password))}
    />
  )
}

/** Asks for some of the words, so that nobody goes on without having them. */
function CheckWords({
  words,
  onBack,
  onRight,
}: {
  readonly words: readonly string[]
  readonly onBack: () => void
  readonly onRight: () => void
}) {
  const { t } = useTranslation('wallet')
  const [typed, setTyped] = useState<Readonly<Record<number, string>>>({})
  const [isWrong, setWrong] = useState(false)
  const asked = useMemo(() => drawPlaces(words.length), [words.length])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const isRight = asked.every((place) => typed[place]?.trim().toLowerCase() === words[place])
    if (isRight) onRight()
    else setWrong(true)
  }
  return (
    <form onSubmit={submit} className="flex max-w-md flex-col gap-2">
      <p className="mb-3 text-muted">{t('new.check.text')}</p>
      {asked.map((place) => (
        <TextField
          key={place}
          label={t('new.check.word', { number: place + 1 })}
          value={typed[place] ?? ''}
          data-place={place}
          onChange={({ target }) => {
            setTyped({ ...typed, [place]: target.value })
            setWrong(false)
          }}
        />
      ))}
      {isWrong ? (
        <Note look="bad" icon="warning">
          <span role="alert">{t('new.check.wrong')}</span>
        </Note>
      ) : null}
      <div className="flex gap-3">
        <Button onClick={onBack}>{t('common:action.back')}</Button>
        <Button type="submit" look="primary">
          {t('common:action.next')}
        </Button>
      </div>
    </form>
  )
}

function drawPlaces(count: number): number[] {
  const places = new Set<number>()
  const draw = new Uint32Array(1)
  while (places.size < Math.min(ASKED_WORDS, count)) places.add((crypto.getRandomValues(draw)[0] as number) % count)
  return [...places].sort((a, b) => a - b)
}

function NameAndPassword({
  error,
  isBusy,
  onDone,
}: {
  readonly error: unknown
  readonly isBusy: boolean
  readonly onDone: (name: string, password: string) => void
}) {
  const { t } = useTranslation('wallet')
  const [name, setName] = useState(t('new.defaultName'))
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const isShort = password.length < LEAST_PASSWORD_CHARACTERS
  const isOther = again !== '' && again !== password
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isShort && again === password) onDone(name, password)
  }
  return (
    <form onSubmit={submit} className="flex max-w-md flex-col gap-2">
      <TextField
        label={t('new.name')}
        hint={t('new.nameHint')}
        value={name}
        maxLength={64}
        onChange={({ target }) => setName(target.value)}
      />
      <TextField
        label={t('password.new')}
        hint={t('password.hint', { count: LEAST_PASSWORD_CHARACTERS })}
        type="password"
        autoComplete="new-password"
        value={password}
        onChange={({ target }) => setPassword(target.value)}
      />
      <TextField
        label={t('password.again')}
        type="password"
        autoComplete="new-password"
        value={again}
        error={isOther ? t('password.other') : undefined}
        onChange={({ target }) => setAgain(target.value)}
      />
      {error === undefined ? null : (
        <Note look="bad" icon="warning">
          <span role="alert">{errorText(error, t)}</span>
        </Note>
      )}
      <Button
        type="submit"
        look="primary"
        className="self-start"
        isBusy={isBusy}
        disabled={isShort || again !== password}
      >
        {t('new.keep')}
      </Button>
    </form>
  )
}

function Passkey() {
  const { t } = useTranslation('wallet')
  const [name, setName] = useState(t('new.defaultName'))
  const { keep, error, isBusy } = useKeep()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void keep(() => createPasskey(name))
  }
  return (
    <form onSubmit={submit} className="flex max-w-md flex-col gap-3">
      <p className="text-muted">{t('new.passkey.text')}</p>
      <Note look="warn" icon="warning">
        {t('new.passkey.warning')}
      </Note>
      <TextField label={t('new.name')} value={name} maxLength={64} onChange={({ target }) => setName(target.value)} />
      <Problem error={error} />
      {hasPasskeys() ? (
        <Button type="submit" look="primary" icon="key" className="self-start" isBusy={isBusy}>
          {t('new.passkey.make')}
        </Button>
      ) : (
        <Note look="warn">{t('new.passkey.none')}</Note>
      )}
    </form>
  )
}

function ImportWords() {
  const { t } = useTranslation('wallet')
  const [words, setWords] = useState('')
  const { keep, error, isBusy } = useKeep()
  return (
    <div className="flex flex-col gap-4">
      <p className="text-muted">{t('new.words.text')}</p>
      <TextArea label={t('new.words.label')} rows={4} value={words} onChange={({ target }) => setWords(target.value)} />
      <NameAndPassword
        error={error}
        isBusy={isBusy}
        onDone={(name, password) => void keep(() => chain.vault.importWords(words, name, password))}
      />
    </div>
  )
}

function ImportFile() {
  const { t } = useTranslation('wallet')
  const [text, setText] = useState('')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const { keep, error, isBusy } = useKeep()
  const read = async (file: File | undefined) => {
    if (file === undefined) return
    setName(file.name.replace(/\.json$/, ''))
    setText(file.size > MAX_FILE_BYTES ? '' : await file.text())
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void keep(() => chain.vault.importFile(text, name, password))
  }
  return (
    <form onSubmit={submit} className="flex max-w-md flex-col gap-2">
      <p className="mb-2 text-muted">{t('new.file.text')}</p>
      <label className="flex flex-col gap-1.5 text-sm font-medium">
        {t('new.file.label')}
        <input
          type="file"
          accept=".json,application/json"
          onChange={({ target }) => void read(target.files?.[0])}
          className="rounded-md border border-line-strong bg-surface p-2 text-sm file:mr-3 file:rounded-sm file:border-0 file:bg-sunken file:px-3 file:py-1.5 file:text-ink"
        />
      </label>
      <TextField label={t('new.name')} value={name} maxLength={64} onChange={({ target }) => setName(target.value)} />
      <TextField
        label={t('password.file')}
        type="password"
        autoComplete="current-password"
        value={password}
        error={error === undefined ? undefined : errorText(error, t)}
        onChange={({ target }) => setPassword(target.value)}
      />
      <Button
        type="submit"
        look="primary"
        className="self-start"
        isBusy={isBusy}
        disabled={text === '' || password === ''}
      >
        {t('new.file.open')}
      </Button>
    </form>
  )
}
