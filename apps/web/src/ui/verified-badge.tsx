import { Popover } from '@base-ui/react/popover'
import { useTranslation } from 'react-i18next'
import type { CheckedUnits } from '../worker/protocol.ts'
import { Icon, type IconName } from './icon.tsx'

const looks: Readonly<Record<CheckedUnits['state'], { readonly icon: IconName; readonly look: string }>> = {
  verified: { icon: 'shield', look: 'bg-accent-soft text-accent' },
  unverified: { icon: 'clock', look: 'bg-warn-soft text-warn' },
  lie: { icon: 'warning', look: 'bg-bad-soft text-bad' },
}

export type Proof = Pick<CheckedUnits, 'state' | 'height' | 'code' | 'node'>

/** Says whether the light client in this browser has checked a figure; pressed, it says what that means. */
export function VerifiedBadge({ proof }: { readonly proof: Proof }) {
  const { t } = useTranslation()
  const { icon, look } = looks[proof.state]
  return (
    <Popover.Root>
      <Popover.Trigger
        data-proof={proof.state}
        className={`inline-flex h-7 items-center gap-1.5 rounded-full px-2.5 text-xs font-medium whitespace-nowrap ${look}`}
      >
        <Icon name={icon} size={15} />
        {t(`common:verified.${proof.state}`)}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} className="z-50">
          <Popover.Popup className="card max-w-72 animate-appear p-4 text-sm shadow-raised outline-none">
            <Popover.Description>
              {t(`common:verified.explain.${proof.state}`, {
                height: proof.height,
                code: proof.code ?? '',
                node: proof.node,
              })}
            </Popover.Description>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}
