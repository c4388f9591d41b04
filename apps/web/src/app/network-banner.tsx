import { useTranslation } from 'react-i18next'
import { useNetwork } from '../chain/queries.ts'
import { spanParts } from '../ui/format.ts'
import { Icon } from '../ui/icon.tsx'
import { networkHealth } from './network-health.ts'

/** What is wrong with the network, on top of every page while it lasts. */
export function NetworkBanner() {
  const { t } = useTranslation()
  const network = useNetwork()
  if (network === undefined) return null
  const health = networkHealth(network)
  const [lie] = network.lies
  const span = spanParts(Math.abs(network.ageMs))
  const time = t(span.key, { count: span.count })
  const isBad = health === 'wrong' || health === 'missing'
  return (
    <div aria-live="polite" className="flex flex-col gap-3 empty:hidden">
      {lie === undefined ? null : (
        <Banner isBad title={t('banner.lie.title')} text={t('banner.lie.text', { node: lie.node, code: lie.code })} />
      )}
      {health === 'open' || health === 'opening' ? null : (
        <Banner isBad={isBad} title={t(`banner.${health}.title`, { time })} text={t(`banner.${health}.text`)} />
      )}
    </div>
  )
}

function Banner({ isBad, title, text }: { readonly isBad: boolean; readonly title: string; readonly text: string }) {
  return (
    <div className={`flex gap-3 rounded-md px-4 py-3 ${isBad ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn'}`}>
      <Icon name="warning" />
      <div>
        <p className="font-semibold">{title}</p>
        <p className="text-sm">{text}</p>
      </div>
    </div>
  )
}
