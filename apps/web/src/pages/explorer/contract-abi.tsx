import type { Abi } from '@smartshare/client'
import { useTranslation } from 'react-i18next'
import { Section } from '../../ui/section.tsx'
import { visibleText } from './visible-text.ts'

function signature(name: string, inputs: Abi['methods'][number]['inputs'], output: string | null = null): string {
  const list = inputs.map(({ name: one, type }) => `${one}: ${type}`).join(', ')
  return visibleText(`${name}(${list})${output === null ? '' : ` → ${output}`}`)
}

/** What a contract offers: its methods by their kinds, and its events. */
export function ContractAbi({ abi }: { readonly abi: Abi }) {
  const { t } = useTranslation('explorer')
  return (
    <div className="grid grid-cols-1 gap-6 xl:grid-cols-2">
      <Section title={t('contract.methods')}>
        <ul className="divide-y divide-line">
          {abi.methods.map(({ name, kind, inputs, output }) => (
            <li key={name} className="flex items-baseline justify-between gap-4 px-5 py-2.5">
              <code className="min-w-0 text-sm break-words">{signature(name, inputs, output)}</code>
              <span className="shrink-0 text-sm text-muted">{t(`methodKind.${kind}`)}</span>
            </li>
          ))}
        </ul>
      </Section>
      <Section title={t('contract.events')}>
        {abi.events.length === 0 ? (
          <p className="px-5 py-6 text-muted">{t('contract.noEvents')}</p>
        ) : (
          <ul className="divide-y divide-line">
            {abi.events.map(({ name, fields }) => (
              <li key={name} className="px-5 py-2.5">
                <code className="text-sm break-words">{signature(name, fields)}</code>
              </li>
            ))}
          </ul>
        )}
      </Section>
    </div>
  )
}
