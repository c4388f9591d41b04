import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { vaultQuery } from '../../chain/queries.ts'
import { chain } from '../../chain/remote.ts'
import { shortAddress } from '../../ui/address.tsx'
import { Button } from '../../ui/button.tsx'
import { foreignName } from '../../ui/format.ts'
import { Identicon } from '../../ui/identicon.tsx'
import { chooseAccount, useAccount } from './use-account.ts'

/** Which account is spoken of, and whether its wallet is open. */
export function AccountPicker() {
  const { t } = useTranslation('wallet')
  const { data: vault } = useQuery(vaultQuery)
  const { account, isOpen } = useAccount()
  if (vault === undefined || account === undefined) return null
  return (
    <div className="flex min-w-0 items-center gap-2">
      <Identicon text={account.address} size={36} />
      <select
        aria-label={t('account.choose')}
        value={account.address}
        onChange={({ target }) => chooseAccount(target.value)}
        className="h-11 min-w-0 max-w-64 flex-1 rounded-md border border-line-strong bg-surface px-3 font-medium"
      >
        {vault.accounts.map(({ address, name }) => (
          <option key={address} value={address}>
            {`${foreignName(name).text} · ${shortAddress(address)}`}
          </option>
        ))}
      </select>
      {isOpen && account.kind === 'key' ? (
        <Button look="quiet" icon="lock" onClick={() => void chain.vault.lock()}>
          <span className="sr-only sm:not-sr-only">{t('lock.lock')}</span>
        </Button>
      ) : null}
    </div>
  )
}
