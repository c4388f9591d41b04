import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { queryClient } from '../../chain/queries.ts'
import { chain } from '../../chain/remote.ts'
import { shortAddress } from '../../ui/address.tsx'
import { Button, buttonClass } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SelectField, TextArea, TextField } from '../../ui/field.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Problem } from '../../ui/problem.tsx'
import { Section } from '../../ui/section.tsx'
import { Note } from '../../ui/state-panel.tsx'
import type { StoredAccount } from '../../worker/vault-types.ts'
import { Proposals } from './proposals.tsx'
import { Unlock } from './unlock.tsx'
import { chooseAccount, useAccount } from './use-account.ts'
import { WalletFrame } from './wallet-frame.tsx'

const MAX_KEYS = 16

export default function Shared() {
  const { t } = useTranslation('wallet')
  return (
    <WalletFrame title={t('shared.title')} text={t('shared.text')}>
      {(account) =>
        account.kind === 'policy' ? (
          <SharedAccount account={account} />
        ) : account.kind === 'key' ? (
          <OwnKey account={account} />
        ) : (
          <Note>{t('shared.passkey')}</Note>
        )
      }
    </WalletFrame>
  )
}

/** What the others need of an account of one key, and the ways to a shared one. */
function OwnKey({ account }: { readonly account: Extract<StoredAccount, { kind: 'key' }> }) {
  const { t } = useTranslation('wallet')
  const [shown, setShown] = useState<'create' | 'join' | undefined>(undefined)
  const close = () => setShown(undefined)
  return (
    <div className="flex max-w-2xl flex-col gap-6">
      <Section title={t('shared.key')} aside={<CopyButton text={account.publicKey} />}>
        <p data-public-key className="px-5 pt-4 font-mono text-sm break-all">
          {account.publicKey}
        </p>
        <p className="px-5 pt-1 pb-4 text-sm text-muted">{t('shared.keyText')}</p>
      </Section>
      <div className="flex flex-wrap gap-3">
        <Button look="primary" icon="people" onClick={() => setShown('create')}>
          {t('shared.create')}
        </Button>
        <Button onClick={() => setShown('join')}>{t('shared.join')}</Button>
      </div>
      <Dialog isOpen={shown === 'create'} onClose={close} title={t('shared.create')} text={t('shared.createText')}>
        <CreateForm own={account.publicKey} onDone={close} />
      </Dialog>
      <Dialog isOpen={shown === 'join'} onClose={close} title={t('shared.join')} text={t('shared.joinText')}>
        <JoinForm onDone={close} />
      </Dialog>
    </div>
  )
}

function CreateForm({ own, onDone }: { readonly own: string; readonly onDone: () => void }) {
  const { t } = useTranslation('wallet')
  const [name, setName] = useState('')
  const [others, setOthers] = useState('')
  const [threshold, setThreshold] = useState(2)
  const [error, setError] = useState<unknown>(undefined)
  const keys = [own, ...others.split(/\s+/).filter((key) => key !== '')].slice(0, MAX_KEYS)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    chain.shared.create(keys, threshold, name).then(({ address }) => {
      chooseAccount(address)
      onDone()
    }, setError)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      <TextField label={t('new.name')} value={name} maxLength={64} onChange={({ target }) => setName(target.value)} />
      <TextArea
        label={t('shared.others')}
        hint={t('shared.othersHint')}
        value={others}
        rows={4}
        className="font-mono text-xs"
        onChange={({ target }) => setOthers(target.value)}
      />
      <SelectField
        label={t('shared.threshold')}
        value={threshold}
        onChange={({ target }) => setThreshold(Number(target.value))}
      >
        {keys.map((key, index) => (
          <option key={key} value={index + 1}>
            {t('shared.ofKeys', { threshold: index + 1, count: keys.length })}
          </option>
        ))}
      </SelectField>
      <Problem error={error} />
      <Button type="submit" look="primary" className="self-end">
        {t('common:action.save')}
      </Button>
    </form>
  )
}

function JoinForm({ onDone }: { readonly onDone: () => void }) {
  const { t } = useTranslation('wallet')
  const [name, setName] = useState('')
  const [text, setText] = useState('')
  const [error, setError] = useState<unknown>(undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    chain.shared.join(text, name).then(({ address }) => {
      chooseAccount(address)
      onDone()
    }, setError)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      <TextField label={t('new.name')} value={name} maxLength={64} onChange={({ target }) => setName(target.value)} />
      <TextArea
        label={t('shared.accountText')}
        value={text}
        rows={5}
        className="font-mono text-xs"
        onChange={({ target }) => setText(target.value)}
      />
      <Problem error={error} />
      <Button type="submit" look="primary" className="self-end">
        {t('common:action.save')}
      </Button>
    </form>
  )
}

function SharedAccount({ account }: { readonly account: Extract<StoredAccount, { kind: 'policy' }> }) {
  const { t } = useTranslation('wallet')
  const { address, policy } = account
  const text = useQuery({ queryKey: ['shared', 'text', address], queryFn: () => chain.shared.accountText(address) })
  return (
    <div className="flex flex-col gap-6">
      <Reveal address={address} />
      <Section title={t('shared.ofKeys', { threshold: policy.threshold, count: policy.keys.length })}>
        <div className="flex flex-col gap-2 px-5 py-4">
          <p className="flex items-center justify-between gap-3 text-sm text-muted">
            {t('shared.give')}
            {text.data === undefined ? null : <CopyButton text={text.data} label={t('shared.accountText')} />}
          </p>
          <p data-account-text className="font-mono text-xs break-all text-muted">
            {text.data}
          </p>
        </div>
      </Section>
      <Link to="/wallet/send" className={`${buttonClass('primary')} self-start`}>
        <Icon name="send" size={18} />
        {t('shared.propose')}
      </Link>
      <Proposals address={address} />
    </div>
  )
}

/** The chain must know the keys before they can act; one of the owners tells it once. */
function Reveal({ address }: { readonly address: string }) {
  const { t } = useTranslation('wallet')
  const { vault } = useAccount()
  const { data: isRevealed } = useQuery({
    queryKey: ['shared', 'revealed', address],
    queryFn: () => chain.shared.isRevealed(address),
    meta: { live: true },
  })
  const own = vault?.accounts.filter((one) => one.kind === 'key') ?? []
  const [payer, setPayer] = useState('')
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  const chosen = own.find((one) => one.address === payer) ?? own[0]
  const isOpen = vault?.wallets.some(({ id, isOpen: open }) => open && id === chosen?.wallet) === true
  if (isRevealed !== false || chosen === undefined) return null
  const reveal = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await chain.shared.reveal(address, chosen.address)
      await queryClient.invalidateQueries({ queryKey: ['shared'] })
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="card flex max-w-xl flex-col gap-3 p-5">
      <h2 className="text-lg">{t('shared.reveal')}</h2>
      <p className="text-sm text-muted">{t('shared.revealText')}</p>
      <SelectField label={t('shared.payer')} value={chosen.address} onChange={({ target }) => setPayer(target.value)}>
        {own.map((one) => (
          <option key={one.address} value={one.address}>
            {`${one.name} · ${shortAddress(one.address)}`}
          </option>
        ))}
      </SelectField>
      <Problem error={error} />
      {isOpen ? (
        <Button look="primary" className="self-start" isBusy={isBusy} onClick={() => void reveal()}>
          {t('shared.revealNow')}
        </Button>
      ) : (
        <Unlock account={chosen} />
      )}
    </div>
  )
}
