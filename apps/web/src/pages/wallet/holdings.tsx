import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { balanceQuery, holdingsQuery } from '../../chain/queries.ts'
import { shortAddress } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { Identicon } from '../../ui/identicon.tsx'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { VerifiedBadge } from '../../ui/verified-badge.tsx'

/** Tokens that are shown at first; whoever is showered with worthless ones is not drowned. */
const MOST_SHOWN = 50

/** What an account has of IOT_Coins. */
export function Holdings({ address }: { readonly address: string }) {
  const { t } = useTranslation('wallet')
  const query = useQuery(holdingsQuery(address))
  const isNone = (holdings: readonly unknown[]) => holdings.length === 0
  return (
    <Section title={t('holdings.title')}>
      <QueryPanel query={query} isEmpty={isNone} empty={<p className="px-5 py-6 text-muted">{t('holdings.empty')}</p>}>
        {(holdings) => (
          <ul className="divide-y divide-line">
            {holdings.slice(0, MOST_SHOWN).map((holding) => (
              <Held key={holding.token} address={address} {...holding} />
            ))}
            {holdings.length > MOST_SHOWN ? (
              <li className="px-5 py-3 text-sm text-muted">
                {t('holdings.more', { count: holdings.length - MOST_SHOWN })}
              </li>
            ) : null}
          </ul>
        )}
      </QueryPanel>
    </Section>
  )
}

function Held({
  address,
  token,
  name,
  symbol,
  decimals,
}: {
  readonly address: string
  readonly token: string
  readonly name: string
  readonly symbol: string
  readonly decimals: number
}) {
  const { data } = useQuery(balanceQuery(address, token))
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-5 py-3">
      <Identicon text={token} size={28} />
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium">
          <ForeignName name={name} />
        </p>
        <p title={token} className="truncate font-mono text-xs text-muted">
          {shortAddress(token)}
        </p>
      </div>
      <div className="flex flex-col items-end gap-1">
        {data === undefined ? (
          <span className="h-5 w-20 animate-shimmer rounded-sm bg-line" />
        ) : (
          <Amount units={data.units} decimals={decimals} symbol={symbol} />
        )}
        {data === undefined ? null : <VerifiedBadge proof={data} />}
      </div>
    </li>
  )
}
