import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { chain } from '../../chain/remote.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { Section } from '../../ui/section.tsx'
import { Note, QueryPanel } from '../../ui/state-panel.tsx'
import { visibleText } from './visible-text.ts'

/** The source as it was published: hashed in this browser, and no character of it hidden. */
export function ContractSource({ contract }: { readonly contract: string }) {
  const { t } = useTranslation('explorer')
  const query = useQuery({
    queryKey: ['explorer', 'source', contract],
    queryFn: () => chain.rpc.contracts.source(contract),
  })
  const text = useMemo(
    () => (query.data === undefined ? '' : new TextDecoder().decode(query.data.source)),
    [query.data],
  )
  return (
    <Section title={t('contract.source')} aside={<CopyButton text={text} />}>
      <QueryPanel query={query} lines={12}>
        {({ isVerified }) => (
          <>
            <div className="px-5 pt-4">
              <Note look={isVerified ? 'info' : 'bad'} icon={isVerified ? 'check' : 'warning'}>
                {t(isVerified ? 'contract.sourceGood' : 'contract.sourceBad')}
              </Note>
            </div>
            <section
              aria-label={t('contract.source')}
              // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable with the keyboard
              tabIndex={0}
              dir="ltr"
              className="max-h-160 overflow-auto"
            >
              <pre className="p-5 font-mono text-sm leading-6">{visibleText(text)}</pre>
            </section>
          </>
        )}
      </QueryPanel>
    </Section>
  )
}
