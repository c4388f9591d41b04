import type { ContractInfo } from '@smartshare/client'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Address } from '../../ui/address.tsx'
import { foreignName } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { ContractAbi } from './contract-abi.tsx'
import { ContractEvents } from './contract-events.tsx'
import { ContractFacts } from './contract-facts.tsx'
import { ContractSource } from './contract-source.tsx'
import { ContractState } from './contract-state.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { contractQuery } from './queries.ts'
import { ViewForm } from './view-form.tsx'

export default function Contract() {
  const { contract = '' } = useParams({ strict: false }) as { contract?: string }
  const { t } = useTranslation('explorer')
  const query = useQuery(contractQuery(contract))
  const name = query.data === undefined ? t('kind.contract') : foreignName(query.data.name).text
  return (
    <ExplorerFrame title={name}>
      <Section title={t('contract.facts')}>
        <QueryPanel query={query} lines={8}>
          {(info) => (
            <>
              <div className="border-b border-line px-5 py-4">
                <Address address={info.address} isWhole />
              </div>
              <ContractFacts info={info} />
            </>
          )}
        </QueryPanel>
      </Section>
      {query.data === undefined ? null : <Parts key={contract} info={query.data} />}
    </ExplorerFrame>
  )
}

function Parts({ info }: { readonly info: ContractInfo }) {
  const { t } = useTranslation('explorer')
  const [tab, setTab] = useState('interface')
  const { address, abi } = info
  return (
    <Tabs
      label={t('contract.parts')}
      value={tab}
      onChange={setTab}
      tabs={[
        {
          id: 'interface',
          label: t('contract.interface'),
          content: (
            <div className="flex flex-col gap-6">
              <ViewForm contract={address} abi={abi} />
              <ContractAbi abi={abi} />
            </div>
          ),
        },
        { id: 'source', label: t('contract.source'), content: <ContractSource contract={address} /> },
        { id: 'state', label: t('contract.state'), content: <ContractState contract={address} /> },
        { id: 'events', label: t('contract.events'), content: <ContractEvents contract={address} /> },
      ]}
    />
  )
}
