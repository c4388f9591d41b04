import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { chain } from '../../chain/remote.ts'
import { Amount } from '../../ui/amount.tsx'
import { countText } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { FactList } from './fact-list.tsx'
import { BlockLink } from './links.tsx'
import { indexQuery } from './queries.ts'

/** What an account has beside its balance: locks, stake, reserve; how long it is known. */
export function AccountFacts({ address }: { readonly address: string }) {
  const { t } = useTranslation('explorer')
  const { data: known } = useQuery(indexQuery('account', { address }, {}, true))
  const query = useQuery({
    queryKey: ['explorer', 'account', address],
    queryFn: async () => {
      const [account, locks, voter] = await Promise.all([
        chain.rpc.account(address),
        chain.rpc.locks(address),
        chain.rpc.voter(address),
      ])
      return { account, locks, voter }
    },
    meta: { live: true },
  })
  return (
    <Section title={t('account.facts')}>
      <QueryPanel query={query} lines={8}>
        {({ account, locks, voter }) => (
          <FactList
            facts={[
              { name: t('account.reserve'), value: <Amount units={account.reserveGrains} size="sm" /> },
              {
                name: t('account.vesting'),
                value: (
                  <Amount
                    units={locks.vesting.reduce((sum, lock) => sum + lock.grains - lock.claimedGrains, 0n)}
                    size="sm"
                  />
                ),
              },
              { name: t('account.stake'), value: <Amount units={voter.stakeGrains} size="sm" /> },
              {
                name: t('account.unbonding'),
                value: <Amount units={locks.unbonding.reduce((sum, { grains }) => sum + grains, 0n)} size="sm" />,
              },
              { name: t('account.rewards'), value: <Amount units={voter.rewardsGrains} size="sm" /> },
              account.policy === null
                ? null
                : {
                    name: t('account.policy'),
                    value: t('account.policyText', {
                      threshold: account.policy.threshold,
                      keys: account.policy.keys.length,
                    }),
                  },
              known === undefined
                ? null
                : { name: t('account.count'), value: <span className="figures">{countText(known.transactions)}</span> },
              known?.firstHeight == null
                ? null
                : {
                    name: t('account.first'),
                    value: known.firstHeight === 0 ? t('block.genesis') : <BlockLink height={known.firstHeight} />,
                  },
              known?.lastHeight == null || known.lastHeight === 0
                ? null
                : { name: t('account.last'), value: <BlockLink height={known.lastHeight} /> },
            ]}
          />
        )}
      </QueryPanel>
    </Section>
  )
}
