import type { ReactNode } from 'react'

interface Fact {
  readonly name: string
  readonly value: ReactNode
}

/** Facts of one thing, a line each. */
export function FactList({ facts }: { readonly facts: readonly (Fact | null)[] }) {
  return (
    <dl className="divide-y divide-line">
      {facts.map((fact) =>
        fact === null ? null : (
          <div key={fact.name} className="grid gap-x-6 gap-y-0.5 px-5 py-2.5 sm:grid-cols-[13rem_minmax(0,1fr)]">
            <dt className="text-sm leading-6 text-muted">{fact.name}</dt>
            <dd className="min-w-0 leading-6 break-words">{fact.value}</dd>
          </div>
        ),
      )}
    </dl>
  )
}
