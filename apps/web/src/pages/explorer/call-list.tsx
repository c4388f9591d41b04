import { useTranslation } from 'react-i18next'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { countText } from '../../ui/format.ts'
import type { Item } from './cursor-table.tsx'
import { SourceLink } from './links.tsx'
import type { SignedCall } from './remote/proofs.ts'
import { TokenAmount } from './token-amount.tsx'
import { FieldList, Value } from './value.tsx'

/** What a transaction asked for, decoded. */
export function CallList({ calls }: { readonly calls: Item<'transactions'>['calls'] }) {
  const { t } = useTranslation('explorer')
  return (
    <ol className="divide-y divide-line">
      {calls.map(({ to, method, arguments: given, argumentBytes, funds }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: calls of a signed transaction never move
        <li key={index} data-call={method} className="flex flex-col gap-2 px-5 py-3.5">
          <CallName to={to} method={method} />
          {funds.map(({ token, amount }) => (
            <p key={token} className="flex items-baseline gap-2 text-sm">
              {t('call.funds')} <TokenAmount token={token} units={amount} />
            </p>
          ))}
          {given === null ? (
            <p className="text-sm text-muted">{t('call.long', { size: countText(argumentBytes) })}</p>
          ) : Array.isArray(given) ? (
            <Value value={given} />
          ) : (
            <FieldList fields={given} />
          )}
        </li>
      ))}
    </ol>
  )
}

/** What the signed bytes say where there is no index to decode them. */
export function SignedCalls({ calls }: { readonly calls: readonly SignedCall[] }) {
  const { t } = useTranslation('explorer')
  return (
    <ol className="divide-y divide-line">
      {calls.map(({ to, method, argumentBytes }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: calls of a signed transaction never move
        <li key={index} data-call={method} className="flex flex-col gap-2 px-5 py-3.5">
          <CallName to={to} method={method} />
          <p className="text-sm text-muted">{t('call.undecoded', { size: countText(argumentBytes) })}</p>
        </li>
      ))}
    </ol>
  )
}

function CallName({ to, method }: { readonly to: string; readonly method: string }) {
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <span className="font-medium">
        <ForeignName name={method} />
      </span>
      <span className="text-sm text-muted">
        <SourceLink from={to} />
      </span>
    </p>
  )
}
