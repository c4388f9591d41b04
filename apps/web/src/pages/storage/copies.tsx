import type { AgentAgreement, AgentObjectDetail, AgentPlace } from '@smartshare/client'
import type { TFunction } from 'i18next'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Address } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { countText } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'

interface Copy extends AgentAgreement {
  readonly place: AgentPlace | undefined
}

const ADDRESS = /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\/(?:tcp|udp)\/(\d+)/

/** With whom each copy is, on which terms, and how it is kept. */
export function Copies({ object }: { readonly object: AgentObjectDetail }) {
  const { t } = useTranslation('storage')
  const columns = useMemo(() => columnsOf(t), [t])
  const copies = object.agreements.map((one) => ({
    ...one,
    place: object.places.find(({ agreement }) => agreement === one.agreement),
  }))
  return (
    <DataTable
      label={t('copies.title')}
      columns={columns}
      rows={copies}
      rowKey={({ agreement }) => String(agreement)}
      initialSort={{ id: 'state', isDescending: false }}
    />
  )
}

const ORDER: readonly AgentAgreement['state'][] = ['active', 'matched', 'breached', 'ended', 'cancelled']

function columnsOf(t: TFunction<'storage'>): Column<Copy>[] {
  return [
    {
      id: 'provider',
      header: t('copies.provider'),
      sortBy: ({ provider }) => provider,
      cell: ({ provider, place }) => (
        <span className="flex flex-col py-2">
          <Address address={provider} />
          <Where place={place} />
        </span>
      ),
    },
    {
      id: 'state',
      header: t('copies.state'),
      sortBy: ({ state }) => ORDER.indexOf(state),
      cell: ({ state }) => <State state={state} />,
    },
    {
      id: 'inspections',
      header: t('copies.inspections'),
      align: 'end',
      sortBy: ({ passed }) => passed,
      cell: ({ passed, missed }) => (
        <span className="figures whitespace-nowrap">
          {countText(passed)}
          {missed === 0 ? null : <span className="text-bad"> {t('copies.missed', { count: missed })}</span>}
        </span>
      ),
    },
    {
      id: 'price',
      header: t('copies.price'),
      align: 'end',
      isMinor: true,
      sortBy: ({ periodGrains }) => periodGrains,
      cell: ({ periodGrains, token }) => <Sum grains={periodGrains} token={token} />,
    },
    {
      id: 'paid',
      header: t('copies.paid'),
      align: 'end',
      isMinor: true,
      sortBy: ({ paidGrains, feeGrains }) => paidGrains + feeGrains,
      cell: ({ paidGrains, feeGrains, token }) => <Sum grains={paidGrains + feeGrains} token={token} />,
    },
    {
      id: 'pledge',
      header: t('copies.collateral'),
      align: 'end',
      isMinor: true,
      sortBy: ({ collateralGrains }) => collateralGrains,
      cell: ({ collateralGrains }) => <Amount units={collateralGrains} size="sm" />,
    },
  ]
}

function Sum({ grains, token }: { readonly grains: bigint; readonly token: string }) {
  return token === 'SSP' ? <Amount units={grains} size="sm" /> : <span className="figures">{countText(grains)}</span>
}

/** As far as the provider tells: its region, and where it is reached. */
function Where({ place }: { readonly place: AgentPlace | undefined }) {
  const [, host, port] = ADDRESS.exec(place?.addresses[0] ?? '') ?? []
  if (place === undefined || (place.region === '' && host === undefined)) return null
  const where = [place.region, host === undefined ? '' : `${host}:${port}`].filter((text) => text !== '').join(' · ')
  return (
    <span className="pl-8 text-xs text-muted">
      <ForeignName name={where} />
    </span>
  )
}

const LOOKS: Readonly<Record<AgentAgreement['state'], string>> = {
  active: 'text-accent',
  matched: 'text-muted',
  ended: 'text-muted',
  breached: 'text-bad',
  cancelled: 'text-muted',
}

function State({ state }: { readonly state: AgentAgreement['state'] }) {
  const { t } = useTranslation('storage')
  return (
    <span data-copy={state} className={`inline-flex items-center gap-1.5 text-sm whitespace-nowrap ${LOOKS[state]}`}>
      <Icon name={state === 'active' ? 'check' : state === 'breached' ? 'warning' : 'clock'} size={16} />
      {t(`copies.states.${state}`)}
    </span>
  )
}
