import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Amount } from '../../ui/amount.tsx'
import { countText } from '../../ui/format.ts'
import { Note } from '../../ui/state-panel.tsx'
import type { SupplyView } from './remote/supply.ts'

/** Parts are drawn in thousandths of the whole. */
const PARTS = 1000n
const PERCENT = 10

/** Pools and accounts as a sum that comes out at the whole supply, in grains. */
export function SupplySum({ view }: { readonly view: SupplyView }) {
  const { t } = useTranslation('explorer')
  const { pools, accountsGrains, totalGrains, countedGrains, bondsGrains } = view
  const rows = [
    { name: 'accounts' as const, address: null, grains: accountsGrains },
    ...pools.toSorted((a, b) => (a.grains < b.grains ? 1 : -1)),
  ]
  const sum = rows.reduce((total, { grains }) => total + grains, 0n)
  return (
    <>
      <ul className="divide-y divide-line">
        {rows.map(({ name, address, grains }) => (
          <li key={name} data-pool={name} className="flex flex-col gap-1.5 px-5 py-3">
            <div className="flex flex-wrap items-baseline justify-between gap-x-4">
              <span className="min-w-0">
                {address === null ? (
                  <span className="font-medium">{t(`pool.${name}`)}</span>
                ) : (
                  <Link
                    to={`/explorer/account/${address}`}
                    className="rounded-sm font-medium text-accent hover:underline"
                  >
                    {t(`pool.${name}`)}
                  </Link>
                )}
                <span className="ml-2 text-sm text-muted">
                  {name === 'stakes' ? (
                    <>
                      {t('pool.bonds')} <Amount units={bondsGrains} size="sm" />
                    </>
                  ) : null}
                </span>
              </span>
              <Amount units={grains} />
            </div>
            <Bar thousandths={Number((grains * PARTS) / totalGrains)} />
            <p className="text-sm text-muted">{t(`pool.text.${name}`)}</p>
          </li>
        ))}
      </ul>
      <div className="flex flex-col gap-3 border-t-2 border-line-strong px-5 py-4">
        <p className="flex flex-wrap items-baseline justify-between gap-x-4 font-semibold">
          {t('supply.sum')}
          <span data-supply={sum} className="figures">
            {countText(sum)} {t('supply.grains')}
          </span>
        </p>
        {countedGrains === totalGrains && sum === totalGrains ? (
          <Note icon="check">{t('supply.good', { counted: countText(countedGrains) })}</Note>
        ) : (
          <Note look="bad" icon="warning">
            {t('supply.bad', { counted: countText(countedGrains) })}
          </Note>
        )}
      </div>
    </>
  )
}

/** A picture of the figure that stands beside it. */
function Bar({ thousandths }: { readonly thousandths: number }) {
  return (
    <span aria-hidden="true" className="block h-1.5 overflow-hidden rounded-full bg-sunken">
      <span className="block h-full rounded-full bg-accent" style={{ width: `${thousandths / PERCENT}%` }} />
    </span>
  )
}
