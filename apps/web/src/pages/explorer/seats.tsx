import { useTranslation } from 'react-i18next'
import { foreignName } from '../../ui/format.ts'

/** Every seat of a term as a mark: those that signed are filled. */
export function Seats({
  signers,
  seats,
}: {
  readonly signers: readonly number[]
  readonly seats: readonly { readonly address: string; readonly name: string | null }[]
}) {
  const { t } = useTranslation('explorer')
  const size = Math.max(seats.length, ...signers.map((seat) => seat + 1))
  const signed = new Set(signers)
  return (
    <ul className="flex flex-wrap gap-1.5">
      {Array.from({ length: size }, (_, seat) => {
        const name = seats[seat]?.name
        const title = name === undefined || name === null ? t('block.seat', { seat }) : foreignName(name).text
        const text = t(signed.has(seat) ? 'certificate.yes' : 'certificate.no', { name: title })
        return (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: a seat is its number
            key={seat}
            title={text}
            className={`flex h-8 min-w-8 items-center justify-center rounded-sm px-1.5 text-xs ${signed.has(seat) ? 'bg-accent text-on-accent' : 'border border-dashed border-line-strong text-muted'}`}
          >
            <span aria-hidden="true">{seat}</span>
            <span className="sr-only">{text}</span>
          </li>
        )
      })}
    </ul>
  )
}
