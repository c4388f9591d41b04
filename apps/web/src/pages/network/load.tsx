import type { ChainStatus } from '@smartshare/client'
import { useTranslation } from 'react-i18next'

const WHOLE = 1000
const PERCENT = 10
const PARTS = ['gas', 'missed', 'backlog'] as const

/** What the chain decides its mode by, measured over the last round. */
export function Load({ status: { load, mode, following } }: { readonly status: ChainStatus }) {
  const { t } = useTranslation('network')
  return (
    <div className="flex flex-col gap-4 p-5">
      <p className="text-muted">{t(`load.text.${mode}`)}</p>
      <ul className="grid gap-4 sm:grid-cols-3">
        {PARTS.map((part) => (
          <li key={part} className="flex flex-col gap-1.5">
            <span className="flex justify-between gap-2 text-sm">
              <span>{t(`load.${part}`)}</span>
              <span className="figures text-muted">{t('load.percent', { percent: load[part] / PERCENT })}</span>
            </span>
            <Bar thousandths={load[part]} />
          </li>
        ))}
      </ul>
      {following.follows ? (
        <p className="text-sm text-muted">
          {t('load.following', { followed: following.followed, sampled: following.sampled, lies: following.lies })}
        </p>
      ) : null}
    </div>
  )
}

/** A picture of the figure that stands beside it. */
function Bar({ thousandths }: { readonly thousandths: number }) {
  return (
    <span aria-hidden="true" className="block h-2 overflow-hidden rounded-full bg-sunken">
      <span
        className="block h-full rounded-full bg-accent"
        style={{ width: `${Math.min(thousandths, WHOLE) / PERCENT}%` }}
      />
    </span>
  )
}
