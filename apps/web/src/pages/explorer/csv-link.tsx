import type { IndexerParams, IndexerQuery, IndexerRouteName } from '@smartshare/client'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { buttonClass } from '../../ui/button.tsx'
import { Icon } from '../../ui/icon.tsx'
import { remote } from './queries.ts'

/** The whole list as a file for table programs, as the index makes it. */
export function CsvLink<N extends IndexerRouteName>({
  name,
  params,
  query,
}: {
  readonly name: N
  readonly params: IndexerParams<N>
  readonly query: IndexerQuery<N>
}) {
  const { t } = useTranslation('explorer')
  const { data } = useQuery({
    queryKey: ['explorer', 'csv', name, params, query],
    queryFn: () => remote.addressOf(name, params as never, { ...query, format: 'csv' } as never),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (data === undefined) return null
  return (
    <a href={data} download={`${name}.csv`} className={buttonClass('quiet', 'sm')}>
      <Icon name="table" size={16} />
      {t('list.csv')}
    </a>
  )
}
