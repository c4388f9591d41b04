import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chain } from '../../chain/remote.ts'
import { Address } from '../../ui/address.tsx'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy-button.tsx'
import { errorText } from '../../ui/error-text.ts'
import { TextArea } from '../../ui/field.tsx'
import { Note } from '../../ui/state-panel.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import type { StoredAccount } from '../../worker/vault-types.ts'
import { useNames } from './history.tsx'
import { Unlock } from './unlock.tsx'
import { useAccount } from './use-account.ts'
import { WalletFrame } from './wallet-frame.tsx'

export default function Messages() {
  const { t } = useTranslation('wallet')
  const [part, setPart] = useState('sign')
  return (
    <WalletFrame title={t('messages.title')} text={t('messages.text')}>
      {(account) => (
        <div className="max-w-xl">
          <Tabs
            label={t('messages.title')}
            value={part}
            onChange={setPart}
            tabs={[
              { id: 'sign', label: t('messages.sign'), content: <Sign account={account} /> },
              { id: 'verify', label: t('messages.verify'), content: <Verify /> },
            ]}
          />
        </div>
      )}
    </WalletFrame>
  )
}

function Sign({ account }: { readonly account: StoredAccount }) {
  const { t } = useTranslation('wallet')
  const { isOpen } = useAccount()
  const [text, setText] = useState('')
  const [signed, setSigned] = useState<string | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setError(undefined)
    chain.vault
      .signMessage(account.address, text)
      .then((message) => setSigned(JSON.stringify(message, null, 2)), setError)
  }
  if (!isOpen) return <Unlock account={account} />
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextArea
        label={t('messages.label')}
        value={text}
        rows={5}
        onChange={({ target }) => {
          setText(target.value)
          setSigned(undefined)
        }}
        error={error === undefined ? undefined : errorText(error, t)}
      />
      <Button type="submit" look="primary" icon="pen" className="self-start" disabled={text === ''}>
        {t('messages.sign')}
      </Button>
      {signed === undefined ? null : (
        <section aria-label={t('messages.signed')} className="card">
          <div className="flex items-center justify-between border-b border-line px-4 py-2 text-sm font-medium">
            {t('messages.signed')}
            <CopyButton text={signed} />
          </div>
          <pre data-signed className="overflow-x-auto p-4 font-mono text-xs break-all whitespace-pre-wrap">
            {signed}
          </pre>
        </section>
      )}
    </form>
  )
}

function Verify() {
  const { t } = useTranslation('wallet')
  const names = useNames()
  const [json, setJson] = useState('')
  const [found, setFound] = useState<{ address: string; text: string } | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setError(undefined)
    setFound(undefined)
    chain.vault.verifyMessage(json).then(setFound, setError)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextArea
        label={t('messages.signed')}
        value={json}
        rows={8}
        className="font-mono text-xs"
        onChange={({ target }) => setJson(target.value)}
      />
      <Button type="submit" look="primary" icon="shield" className="self-start" disabled={json === ''}>
        {t('messages.verify')}
      </Button>
      {error === undefined ? null : (
        <Note look="bad" icon="warning">
          <span role="alert">{errorText(error, t)}</span>
        </Note>
      )}
      {found === undefined ? null : (
        <section aria-label={t('messages.right')} className="card flex flex-col gap-3 p-5">
          <p role="status" className="font-semibold text-accent">
            {t('messages.right')}
          </p>
          <Address address={found.address} name={names.get(found.address)} isWhole />
          <p className="whitespace-pre-wrap">
            <bdi>{found.text}</bdi>
          </p>
        </section>
      )}
    </form>
  )
}
