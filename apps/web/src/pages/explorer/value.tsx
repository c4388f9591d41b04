import { useTranslation } from 'react-i18next'
import { Amount } from '../../ui/amount.tsx'
import { countText } from '../../ui/format.ts'
import { AccountLink, isAddressText, TransactionLink } from './links.tsx'
import { TokenAmount } from './token-amount.tsx'
import { visibleText } from './visible-text.ts'

const MAX_DEPTH = 8
const MAX_ITEMS = 50
const MAX_CHARACTERS = 600
const DIGITS = /^-?\d{1,39}$/
const HASH = /^[0-9a-f]{64}$/

type Fields = Readonly<Record<string, unknown>>

/** Decoded fields of a call or event, by their names. Whoever wrote them may have written anything. */
export function FieldList({ fields, depth = 0 }: { readonly fields: Fields; readonly depth?: number }) {
  const entries = Object.entries(fields)
  return (
    <dl className="flex flex-col gap-1 text-sm">
      {entries.slice(0, MAX_ITEMS).map(([name, value]) => (
        <div key={name} className="grid gap-x-4 sm:grid-cols-[9rem_minmax(0,1fr)]">
          <dt className="min-w-0 truncate text-muted">
            <bdi>{visibleText(name)}</bdi>
          </dt>
          <dd className="min-w-0 break-words">
            <Value name={name} value={value} beside={fields} depth={depth} />
          </dd>
        </div>
      ))}
      <Rest count={entries.length - MAX_ITEMS} />
    </dl>
  )
}

/** One decoded value. */
export function Value({
  name = '',
  value,
  beside = {},
  depth = 0,
}: {
  readonly name?: string
  readonly value: unknown
  readonly beside?: Fields
  readonly depth?: number
}) {
  if (depth > MAX_DEPTH) return <span>…</span>
  if (value === null || value === undefined) return <span className="text-muted">–</span>
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="text-muted">[ ]</span>
    return (
      <ol className="flex flex-col gap-1">
        {value.slice(0, MAX_ITEMS).map((item, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: items of a signed list never move
          <li key={index}>
            <Value name={name} value={item} beside={beside} depth={depth + 1} />
          </li>
        ))}
        <Rest count={value.length - MAX_ITEMS} />
      </ol>
    )
  }
  if (typeof value === 'object') return <FieldList fields={value as Fields} depth={depth + 1} />
  const text = String(value)
  if (isAddressText(text)) return <AccountLink address={text} />
  if (name === 'transaction' && HASH.test(text)) return <TransactionLink id={text} />
  if (DIGITS.test(text)) return <Figure name={name} text={text} beside={beside} />
  return <PlainText text={text} />
}

function Figure({ name, text, beside }: { readonly name: string; readonly text: string; readonly beside: Fields }) {
  if (/grains$/i.test(name)) return <Amount units={BigInt(text)} size="sm" />
  if (name === 'amount' && typeof beside.token === 'string') {
    return <TokenAmount token={beside.token} units={BigInt(text)} />
  }
  return <span className="figures font-mono">{countText(BigInt(text))}</span>
}

function PlainText({ text }: { readonly text: string }) {
  const cut = [...text].slice(0, MAX_CHARACTERS + 1)
  const shown = cut.length > MAX_CHARACTERS ? `${cut.slice(0, MAX_CHARACTERS).join('')}…` : text
  return <bdi className="font-mono break-all whitespace-pre-wrap">{visibleText(shown)}</bdi>
}

function Rest({ count }: { readonly count: number }) {
  const { t } = useTranslation('explorer')
  return count > 0 ? <p className="text-muted">{t('value.more', { count })}</p> : null
}
