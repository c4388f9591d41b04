import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chain } from '../../chain/remote.ts'
import { Address } from '../../ui/address.tsx'
import { Button, buttonClass, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { errorText } from '../../ui/error-text.ts'
import { TextField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { Note } from '../../ui/state-panel.tsx'
import type { StoredAccount, WalletInfo } from '../../worker/vault-types.ts'
import { PasswordForm } from './password-form.tsx'
import { useAccount } from './use-account.ts'
import { WalletFrame } from './wallet-frame.tsx'
import { WordList } from './word-list.tsx'

export default function Accounts() {
  const { t } = useTranslation('wallet')
  const { vault } = useAccount()
  return (
    <WalletFrame title={t('accounts.title')} text={t('accounts.text')}>
      {() => (
        <div className="flex flex-col gap-6">
          {vault?.wallets.map((wallet) => (
            <WalletPart
              key={wallet.id}
              wallet={wallet}
              accounts={vault.accounts.filter((one) => one.kind === 'key' && one.wallet === wallet.id)}
            />
          ))}
          <OtherAccounts accounts={vault?.accounts.filter((one) => one.kind !== 'key') ?? []} />
          <Link to="/wallet/new" className={`${buttonClass('plain')} self-start`}>
            {t('accounts.addWallet')}
          </Link>
        </div>
      )}
    </WalletFrame>
  )
}

function WalletPart({
  wallet,
  accounts,
}: {
  readonly wallet: WalletInfo
  readonly accounts: readonly StoredAccount[]
}) {
  const { t } = useTranslation('wallet')
  const [shown, setShown] = useState<'words' | 'remove' | 'add' | undefined>(undefined)
  const [renamed, setRenamed] = useState<StoredAccount | undefined>(undefined)
  const close = () => setShown(undefined)
  const saveFile = async () => {
    const file = new Blob([await chain.vault.file(wallet.id)], { type: 'application/json' })
    const link = document.createElement('a')
    link.href = URL.createObjectURL(file)
    link.download = `${wallet.name}.json`
    link.click()
    URL.revokeObjectURL(link.href)
  }
  return (
    <Section
      title={wallet.name}
      aside={<span className="text-sm text-muted">{t(wallet.isOpen ? 'lock.open' : 'lock.locked')}</span>}
    >
      <ul className="divide-y divide-line">
        {accounts.map((account) => (
          <li key={account.address} className="flex items-center justify-between gap-3 px-5 py-3">
            <Address address={account.address} name={account.name} />
            <IconButton
              icon="pen"
              label={t('accounts.rename', { name: account.name })}
              onClick={() => setRenamed(account)}
            />
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2 border-t border-line p-4">
        <Button size="sm" icon="plus" disabled={!wallet.isOpen || !wallet.hasWords} onClick={() => setShown('add')}>
          {t('accounts.add')}
        </Button>
        <Button size="sm" icon="receive" onClick={() => void saveFile()}>
          {t('accounts.file')}
        </Button>
        {wallet.hasWords ? (
          <Button size="sm" icon="key" onClick={() => setShown('words')}>
            {t('accounts.words')}
          </Button>
        ) : null}
        <Button size="sm" look="quiet" className="ml-auto text-bad" onClick={() => setShown('remove')}>
          {t('accounts.remove')}
        </Button>
      </div>
      <Dialog isOpen={shown === 'words'} onClose={close} title={t('accounts.words')} text={t('accounts.wordsText')}>
        <ShowWords wallet={wallet} />
      </Dialog>
      <Dialog isOpen={shown === 'remove'} onClose={close} title={t('accounts.remove')} text={t('accounts.removeText')}>
        <div className="flex justify-end gap-3">
          <Button onClick={close}>{t('common:action.cancel')}</Button>
          <Button
            look="danger"
            onClick={() => {
              close()
              void chain.vault.removeWallet(wallet.id)
            }}
          >
            {t('accounts.remove')}
          </Button>
        </div>
      </Dialog>
      <Dialog isOpen={shown === 'add'} onClose={close} title={t('accounts.add')}>
        <NameForm onSave={(name) => chain.vault.addAccount(wallet.id, name).then(close)} />
      </Dialog>
      <Dialog
        isOpen={renamed !== undefined}
        onClose={() => setRenamed(undefined)}
        title={t('accounts.rename', { name: renamed?.name ?? '' })}
      >
        <NameForm
          initial={renamed?.name ?? ''}
          onSave={async (name) => {
            if (renamed !== undefined) await chain.vault.rename(renamed.address, name)
            setRenamed(undefined)
          }}
        />
      </Dialog>
    </Section>
  )
}

/** Accounts that no wallet of this browser holds: they are only known here. */
function OtherAccounts({ accounts }: { readonly accounts: readonly StoredAccount[] }) {
  const { t } = useTranslation('wallet')
  if (accounts.length === 0) return null
  return (
    <Section title={t('accounts.others')}>
      <ul className="divide-y divide-line">
        {accounts.map(({ address, name }) => (
          <li key={address} className="flex items-center justify-between gap-3 px-5 py-3">
            <Address address={address} name={name} />
            <IconButton
              icon="close"
              label={t('accounts.forget', { name })}
              onClick={() => void chain.vault.removeAccount(address)}
            />
          </li>
        ))}
      </ul>
    </Section>
  )
}

function NameForm({
  initial = '',
  onSave,
}: {
  readonly initial?: string
  readonly onSave: (name: string) => Promise<unknown>
}) {
  const { t } = useTranslation('wallet')
  const [name, setName] = useState(initial)
  const [error, setError] = useState<unknown>(undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSave(name).catch(setError)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      <TextField
        label={t('new.name')}
        value={name}
        maxLength={64}
        onChange={({ target }) => setName(target.value)}
        error={error === undefined ? undefined : errorText(error, t)}
      />
      <Button type="submit" look="primary" className="self-end">
        {t('common:action.save')}
      </Button>
    </form>
  )
}

function ShowWords({ wallet }: { readonly wallet: WalletInfo }) {
  const { t } = useTranslation('wallet')
  const [words, setWords] = useState<readonly string[] | undefined>(undefined)
  if (words === undefined) {
    return (
      <PasswordForm
        label={t('common:action.show')}
        onPassword={async (password) => setWords((await chain.vault.words(wallet.id, password))?.split(' '))}
      />
    )
  }
  return (
    <div className="flex flex-col gap-4">
      <WordList words={words} className="gap-y-1.5" />
      <Note look="warn" icon="warning">
        {t('new.create.warning')}
      </Note>
    </div>
  )
}
