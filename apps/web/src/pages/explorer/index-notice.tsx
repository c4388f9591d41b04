import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useNetwork } from '../../chain/queries.ts'
import { codeText } from '../../ui/error-text.ts'
import { countText } from '../../ui/format.ts'
import { Note } from '../../ui/state-panel.tsx'
import { indexStatusQuery } from './queries.ts'

/** Blocks that an index may be behind without a word. */
const QUIET_LAG = 20

type IndexState = 'asking' | 'missing' | 'away' | 'starting' | 'rebuilding' | 'waiting' | 'behind' | 'following'

/** How the index is: lists and search come from it. */
function useIndexState(): { readonly state: IndexState; readonly values: Readonly<Record<string, string>> } {
  const { t } = useTranslation('explorer')
  const network = useNetwork()
  const isNamed = network === undefined || network.phase === 'opening' || network.indexer !== null
  const { data, error } = useQuery({ ...indexStatusQuery, enabled: isNamed })
  if (!isNamed) return { state: 'missing', values: {} }
  if (error !== null) return { state: 'away', values: {} }
  if (data === undefined) return { state: 'asking', values: {} }
  const lag = data.lag ?? 0
  const values = {
    percent: String(Math.floor(data.percent ?? 0)),
    height: countText(data.height),
    lag: countText(lag),
    problem: data.code === null ? '' : codeText(data.code, t),
  }
  return { state: data.state === 'following' && lag > QUIET_LAG ? 'behind' : data.state, values }
}

/** What is wrong with the index, while something is. */
export function IndexNotice() {
  const { t } = useTranslation('explorer')
  const { state, values } = useIndexState()
  if (state === 'asking' || state === 'following') return null
  return (
    <div role="status" data-index={state}>
      <Note look="warn" icon="clock">
        <p className="font-semibold">{t(`index.${state}.title`, values)}</p>
        <p>{t(`index.${state}.text`, values)}</p>
      </Note>
    </div>
  )
}
