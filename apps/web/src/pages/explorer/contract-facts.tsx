import type { ContractInfo } from '@smartshare/client'
import { useTranslation } from 'react-i18next'
import { Amount } from '../../ui/amount.tsx'
import { countText, spanParts } from '../../ui/format.ts'
import { FactList } from './fact-list.tsx'
import { AccountLink } from './links.tsx'
import { Moment } from './moment.tsx'
import { visibleText } from './visible-text.ts'

/** Who made a contract, what it holds, and who may change or stop it. */
export function ContractFacts({ info }: { readonly info: ContractInfo }) {
  const { t } = useTranslation('explorer')
  const { upgrade, announced, metadata } = info
  const delay = spanParts(upgrade?.delayMs ?? 0)
  return (
    <FactList
      facts={[
        { name: t('contract.publisher'), value: <AccountLink address={info.publisher} /> },
        { name: t('account.balance'), value: <Amount units={info.grains} size="sm" /> },
        { name: t('contract.version'), value: countText(info.version) },
        { name: t('contract.codeHash'), value: <span className="font-mono text-sm break-all">{info.codeHash}</span> },
        { name: t('transaction.size'), value: t('transaction.bytes', { size: countText(info.sizeBytes) }) },
        { name: t('contract.paused'), value: t(info.paused ? 'token.yes' : 'token.no') },
        info.pauser === null ? null : { name: t('contract.pauser'), value: <AccountLink address={info.pauser} /> },
        {
          name: t('contract.upgrade'),
          value:
            upgrade === null ? (
              t('contract.fixed')
            ) : (
              <>
                <AccountLink address={upgrade.by} />
                <span className="text-sm text-muted">
                  {' '}
                  {t('contract.delay', { time: t(`common:${delay.key}`, { count: delay.count }) })}
                </span>
              </>
            ),
        },
        announced === null
          ? null
          : {
              name: t('contract.announced'),
              value: (
                <>
                  <Moment ms={announced.fromMs} />{' '}
                  <span className="font-mono text-sm break-all">{announced.codeHash}</span>
                </>
              ),
            },
        metadata === '' ? null : { name: t('contract.about'), value: <bdi>{visibleText(metadata)}</bdi> },
      ]}
    />
  )
}
