import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Amount } from '../../ui/amount.tsx'
import { Button, buttonClass } from '../../ui/button.tsx'
import { codeText } from '../../ui/error-text.ts'
import { Icon } from '../../ui/icon.tsx'
import type { Payment } from '../../worker/payment-types.ts'
import type { Draft } from './send-draft.ts'

/** What became of a payment: under way, done, or why not. */
export function Outcome({
  payment,
  draft,
  onAgain,
}: {
  readonly payment: Payment
  readonly draft: Draft
  readonly onAgain: () => void
}) {
  const { t } = useTranslation('wallet')
  const { state, code, height, feeGrains } = payment
  const isOpen = state === 'signing' || state === 'sent'
  const isDone = state === 'done'
  const look = isDone ? 'bg-accent-soft text-accent' : isOpen ? 'bg-warn-soft text-warn' : 'bg-bad-soft text-bad'
  return (
    <section
      aria-label={t(`payment.${state}`)}
      data-outcome={state}
      className="card flex max-w-xl flex-col items-center gap-4 p-8 text-center"
    >
      <span className={`flex size-16 items-center justify-center rounded-full ${look}`}>
        <Icon name={isDone ? 'check' : isOpen ? 'clock' : 'close'} size={32} />
      </span>
      <h2 role="status" className="text-xl">
        {t(`payment.${state}`)}
      </h2>
      <Amount units={draft.units} decimals={draft.unit.decimals} symbol={draft.unit.symbol} />
      <p className="min-h-12 max-w-sm text-muted">
        {code === null ? t(`payment.text.${state}`, { height: height ?? 0 }) : codeText(code, t)}
      </p>
      {feeGrains === null ? null : (
        <p className="text-sm text-muted">
          {t('review.fee')} <Amount units={feeGrains} size="sm" />
        </p>
      )}
      <div className="flex flex-wrap justify-center gap-3">
        <Link to="/wallet" className={buttonClass('primary')}>
          {t('send.back')}
        </Link>
        {isOpen ? null : <Button onClick={onAgain}>{t('send.another')}</Button>}
      </div>
    </section>
  )
}
