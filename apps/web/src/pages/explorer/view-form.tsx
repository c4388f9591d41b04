import type { Abi } from '@smartshare/client'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chain } from '../../chain/remote.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { countText } from '../../ui/format.ts'
import { Problem } from '../../ui/problem.tsx'
import { Section } from '../../ui/section.tsx'
import { Value } from './value.tsx'
import { visibleText } from './visible-text.ts'

/** What was typed as JSON where it is JSON, as a text where it is not: `5`, `true`, `["a"]`, `ssp1…`. */
function typedValue(text: string, type: string): unknown {
  if (/^(text|address|amount|bytes)/.test(type)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Asks a view of a contract; nothing is signed, nothing is paid. */
export function ViewForm({ contract, abi }: { readonly contract: string; readonly abi: Abi }) {
  const { t } = useTranslation('explorer')
  const views = abi.methods.filter(({ kind }) => kind === 'view')
  const [name, setName] = useState(views[0]?.name ?? '')
  const [given, setGiven] = useState<Readonly<Record<string, string>>>({})
  const asking = useMutation({
    mutationFn: (args: readonly unknown[]) => chain.rpc.contracts.view(contract, name, args),
  })
  const view = views.find((one) => one.name === name)
  if (view === undefined) return null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    asking.mutate(view.inputs.map((input) => typedValue(given[input.name] ?? '', input.type)))
  }
  return (
    <Section title={t('view.title')}>
      <form onSubmit={submit} className="flex flex-col gap-2 p-5">
        <p className="text-sm text-muted">{t('view.text')}</p>
        <SelectField
          label={t('view.method')}
          value={name}
          onChange={({ target }) => {
            setName(target.value)
            setGiven({})
            asking.reset()
          }}
        >
          {views.map((one) => (
            <option key={one.name} value={one.name}>
              {visibleText(one.name)}
            </option>
          ))}
        </SelectField>
        {view.inputs.map((input) => (
          <TextField
            key={input.name}
            label={visibleText(input.name)}
            hint={input.type}
            value={given[input.name] ?? ''}
            onChange={({ target }) => setGiven({ ...given, [input.name]: target.value })}
          />
        ))}
        <Problem error={asking.error} />
        <Button type="submit" look="primary" className="self-start" isBusy={asking.isPending}>
          {t('view.ask')}
        </Button>
        {asking.data === undefined ? null : (
          <div role="status" data-result className="mt-2 rounded-md bg-sunken px-4 py-3">
            <Value value={asking.data.result} />
            <p className="mt-2 text-sm text-muted">
              {t('view.cost', { gas: countText(asking.data.gasUsed), height: countText(asking.data.height) })}
            </p>
          </div>
        )}
      </form>
    </Section>
  )
}
