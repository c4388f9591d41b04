import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { balanceQuery, holdingsQuery } from '../../chain/queries.ts'
import { shortAddress } from '../../ui/address.tsx'
import { Button } from '../../ui/button.tsx'
import { Identicon } from '../../ui/identicon.tsx'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { VerifiedBadge } from '../../ui/verified-badge.tsx'
import { NamedLink } from './links.tsx'
import { TokenAmount } from './token-amount.tsx'

/** Tokens that are shown at first: each is a proof to check. */
const PAGE = 8

/** Tokens of an account, each balance checked by the light client. */
export function AccountTokens({ address }: { readonly address: string }) {
  const { t } = useTranslation('explorer')
  const query = useQuery(holdingsQuery(address))
  const [shown, setShown] = useState(PAGE)
  return (
    <Section title={t('places.tokens')}>
      <QueryPanel
        query={query}
        isEmpty={(holdings) => holdings.length === 0}
        empty={<p className="px-5 py-6 text-muted">{t('account.noTokens')}</p>}
      >
        {(holdings) => (
          <>
            <ul className="divide-y divide-line">
              {holdings.slice(0, shown).map(({ token, name }) => (
                <Held key={token} address={address} token={token} name={name} />
              ))}
            </ul>
            {holdings.length > shown ? (
              <div className="border-t border-line px-5 py-3">
                <Button size="sm" onClick={() => setShown(shown + PAGE)}>
                  {t('account.moreTokens', { count: holdings.length - shown })}
                </Button>
              </div>
            ) : null}
          </>
        )}
      </QueryPanel>
    </Section>
  )
}

function Held({ address, token, name }: { readonly address: string; readonly token: string; readonly name: string }) {
  const { data } = useQuery(balanceQuery(address, token))
  return (
    <li className="flex min-h-16 flex-wrap items-center gap-x-3 gap-y-1 px-5 py-3">
      <Identicon text={token} size={28} />
      <div className="min-w-0 flex-1">
        <NamedLink to={`/explorer/token/${token}`} name={name} />
        <p title={token} className="truncate font-mono text-xs text-muted">
          {shortAddress(token)}
        </p>
      </div>
      {data === undefined ? (
        <span className="h-5 w-20 animate-shimmer rounded-sm bg-line" />
      ) : (
        <>
          <TokenAmount token={token} units={data.units} />
          <VerifiedBadge proof={data} />
        </>
      )}
    </li>
  )
}
