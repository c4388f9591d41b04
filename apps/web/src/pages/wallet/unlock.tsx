import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chain } from '../../chain/remote.ts'
import { Button } from '../../ui/button.tsx'
import { errorText } from '../../ui/error-text.ts'
import { TextField } from '../../ui/field.tsx'
import type { StoredAccount } from '../../worker/vault-types.ts'

/** Asks for the password of the wallet that an account belongs to. */
export function Unlock({ account, onOpen }: { readonly account: StoredAccount; readonly onOpen?: () => void }) {
  const { t } = useTranslation('wallet')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  if (account.kind !== 'key') return null
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      await chain.vault.unlock(account.wallet, password)
      onOpen?.()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={submit} className="card flex max-w-md flex-col gap-2 p-5">
      <h2 className="text-lg">{t('lock.title')}</h2>
      <p className="mb-2 text-sm text-muted">{t('lock.text')}</p>
      <TextField
        label={t('password.label')}
        type="password"
        autoComplete="current-password"
        value={password}
        onChange={({ target }) => setPassword(target.value)}
        error={error === undefined ? undefined : errorText(error, t)}
      />
      <Button type="submit" look="primary" icon="unlock" isBusy={isBusy} disabled={password === ''}>
        {t('lock.unlock')}
      </Button>
    </form>
  )
}
