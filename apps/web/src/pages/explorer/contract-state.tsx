import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { chain } from '../../chain/remote.ts'
import { Button } from '../../ui/button.tsx'
import { Section } from '../../ui/section.tsx'
import { EmptyPanel, ErrorPanel, LoadingPanel } from '../../ui/state-panel.tsx'
import { Value } from './value.tsx'
import { visibleText } from './visible-text.ts'

const PAGE = 50

/** What a contract has stored, entry by entry. */
export function ContractState({ contract }: { readonly contract: string }) {
  const { t } = useTranslation('explorer')
  const query = useInfiniteQuery({
    queryKey: ['explorer', 'contract-state', contract],
    queryFn: ({ pageParam }) =>
      chain.rpc.contracts.state(contract, { limit: PAGE, ...(pageParam === null ? {} : { after: pageParam }) }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  })
  const entries = query.data?.pages.flatMap((page) => page.entries) ?? []
  return (
    <Section title={t('contract.state')}>
      {query.data === undefined ? (
        query.error === null ? (
          <LoadingPanel lines={6} />
        ) : (
          <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
        )
      ) : entries.length === 0 ? (
        <EmptyPanel icon="table" title={t('contract.noState')} />
      ) : (
        <ul className="divide-y divide-line">
          {entries.map(({ raw, name, key, value }) => (
            <li key={raw} className="grid gap-x-6 gap-y-1 px-5 py-3 sm:grid-cols-2">
              <div className="min-w-0 text-sm">
                <bdi className="font-mono break-all">{visibleText(name)}</bdi>
                {key === null || key === undefined ? null : (
                  <div className="text-muted">
                    <Value value={key} />
                  </div>
                )}
              </div>
              <div className="min-w-0 text-sm">
                <Value value={value} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {query.hasNextPage ? (
        <div className="border-t border-line px-5 py-3">
          <Button size="sm" isBusy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t('list.more')}
          </Button>
        </div>
      ) : null}
    </Section>
  )
}
