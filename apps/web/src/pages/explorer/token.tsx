import type { TokenAnswer } from '@smartshare/client'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Address } from '../../ui/address.tsx'
import { foreignName } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { placeKey, transferColumns } from './columns.tsx'
import { CursorTable } from './cursor-table.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { FactList } from './fact-list.tsx'
import { AccountLink, BlockLink } from './links.tsx'
import { Moment } from './moment.tsx'
import { tokenQuery } from './queries.ts'
import { TokenAmount } from './token-amount.tsx'
import { visibleText } from './visible-text.ts'

export default function Token() {
  const { token = '' } = useParams({ strict: false }) as { token?: string }
  const { t } = useTranslation('explorer')
  const query = useQuery(tokenQuery(token))
  const moved = useMemo(() => transferColumns(t), [t])
  const holders = useMemo(
    () => [
      {
        id: 'account',
        header: t('token.holder'),
        cell: (row: { account: string; name: string | null }) => <AccountLink address={row.account} name={row.name} />,
      },
      {
        id: 'units',
        header: t('transfer.amount'),
        align: 'end' as const,
        cell: (row: { units: bigint }) => <TokenAmount token={token} units={row.units} />,
      },
    ],
    [t, token],
  )
  const name = query.data === undefined ? t('kind.token') : foreignName(query.data.name).text
  return (
    <ExplorerFrame title={name} text={t('token.warning')}>
      <Section title={t('token.facts')}>
        <QueryPanel query={query} lines={8}>
          {(info) => <Facts info={info} />}
        </QueryPanel>
      </Section>
      {query.data === undefined ? null : (
        <>
          <CursorTable
            title={t('token.holders')}
            name="tokenHolders"
            params={{ token }}
            columns={holders}
            rowKey={({ account }) => account}
          />
          <CursorTable
            title={t('transfer.title')}
            name="tokenTransfers"
            params={{ token }}
            columns={moved}
            rowKey={placeKey}
          />
        </>
      )}
    </ExplorerFrame>
  )
}

function Facts({ info }: { readonly info: TokenAnswer }) {
  const { t } = useTranslation('explorer')
  const role = (address: string | null) =>
    address === null ? <span className="text-muted">{t('token.nobody')}</span> : <AccountLink address={address} />
  const { token, metadata } = info
  return (
    <FactList
      facts={[
        { name: t('token.address'), value: <Address address={token} isWhole /> },
        { name: t('token.symbol'), value: <bdi>{visibleText(info.symbol)}</bdi> },
        { name: t('token.supply'), value: <TokenAmount token={token} units={info.supply} /> },
        { name: t('token.cap'), value: <TokenAmount token={token} units={info.cap} /> },
        { name: t('token.mintable'), value: <TokenAmount token={token} units={info.mintable} /> },
        { name: t('token.issuer'), value: role(info.issuer) },
        { name: t('token.minter'), value: role(info.minter) },
        { name: t('token.freezer'), value: role(info.freezer) },
        { name: t('token.admin'), value: role(info.admin) },
        { name: t('token.burnable'), value: t(info.burnable ? 'token.yes' : 'token.no') },
        {
          name: t('token.issued'),
          value: (
            <span className="flex flex-wrap items-baseline gap-x-3">
              <Moment ms={info.issuedMs} />
              <BlockLink height={info.issuedHeight} />
            </span>
          ),
        },
        metadata.description === ''
          ? null
          : { name: t('token.description'), value: <bdi>{visibleText(metadata.description)}</bdi> },
        // The address of a stranger is shown, not followed.
        metadata.uri === ''
          ? null
          : { name: t('token.uri'), value: <bdi className="font-mono text-sm">{visibleText(metadata.uri)}</bdi> },
      ]}
    />
  )
}
