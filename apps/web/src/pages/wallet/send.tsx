import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { StoredAccount } from '../../worker/vault-types.ts'
import type { Draft } from './send-draft.ts'
import { SendForm } from './send-form.tsx'
import { Review } from './send-review.tsx'
import { WalletFrame } from './wallet-frame.tsx'

export default function Send() {
  const { t } = useTranslation('wallet')
  return (
    <WalletFrame title={t('send.title')}>
      {(account) => <SendSteps key={account.address} account={account} />}
    </WalletFrame>
  )
}

function SendSteps({ account }: { readonly account: StoredAccount }) {
  const [draft, setDraft] = useState<Draft | undefined>(undefined)
  const [isReviewed, setReviewed] = useState(false)
  // Drawn once for this payment: the worker never sends the same id twice.
  const [id, setId] = useState(() => crypto.randomUUID())
  if (draft === undefined || !isReviewed) {
    return (
      <SendForm
        account={account}
        draft={draft}
        onDone={(next) => {
          setDraft(next)
          setReviewed(true)
        }}
      />
    )
  }
  const again = () => {
    setDraft(undefined)
    setReviewed(false)
    setId(crypto.randomUUID())
  }
  return <Review key={id} id={id} account={account} draft={draft} onBack={() => setReviewed(false)} onAgain={again} />
}
