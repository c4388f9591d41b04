import { ForeignName } from '../../ui/foreign-name.tsx'
import { SourceLink, TransactionLink } from './links.tsx'
import { FieldList } from './value.tsx'

interface ShownEvent {
  readonly key: string
  readonly from: string
  readonly name: string
  readonly data: Readonly<Record<string, unknown>> | null
  readonly encoded?: string | null
  readonly transaction?: string | null
}

/** Events in their order, with what they say. */
export function EventList({ events }: { readonly events: readonly ShownEvent[] }) {
  return (
    <ol className="divide-y divide-line">
      {events.map(({ key, from, name, data, encoded, transaction }) => (
        <li key={key} data-event={name} className="flex flex-col gap-2 px-5 py-3.5">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="font-medium">
              <ForeignName name={name} />
            </span>
            <span className="text-sm text-muted">
              <SourceLink from={from} />
            </span>
            {transaction === undefined || transaction === null ? null : (
              <span className="ml-auto">
                <TransactionLink id={transaction} />
              </span>
            )}
          </div>
          {data === null ? (
            <p className="font-mono text-xs break-all text-muted">{encoded}</p>
          ) : (
            <FieldList fields={data} />
          )}
        </li>
      ))}
    </ol>
  )
}
