import { useTranslation } from 'react-i18next'
import { chain } from '../../chain/remote.ts'
import type { StoredAccount } from '../../worker/vault-types.ts'
import { PasswordForm } from './password-form.tsx'

/** Asks for the password of the wallet that an account belongs to. */
export function Unlock({ account, onOpen }: { readonly account: StoredAccount; readonly onOpen?: () => void }) {
  const { t } = useTranslation('wallet')
  if (account.kind !== 'key') return null
  return (
    <section className="card flex max-w-md flex-col gap-2 p-5">
      <h2 className="text-lg">{t('lock.title')}</h2>
      <p className="mb-2 text-sm text-muted">{t('lock.text')}</p>
      <PasswordForm
        label={t('lock.unlock')}
        icon="unlock"
        onPassword={async (password) => {
          await chain.vault.unlock(account.wallet, password)
          onOpen?.()
        }}
      />
    </section>
  )
}
