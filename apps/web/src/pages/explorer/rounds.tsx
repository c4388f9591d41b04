import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { countText, foreignName } from '../../ui/format.ts'
import type { RoundsView, Turn } from './remote/rounds.ts'

const looks = {
  made: 'border-transparent bg-accent-soft text-ink hover:bg-sunken',
  missed: 'border-bad bg-bad-soft text-bad',
  open: 'border-dashed border-line-strong text-muted',
} as const

/** The latest rounds as they went: a box for each turn, with its leader, its block and how many signed its certificate. */
export function Rounds({ view }: { readonly view: RoundsView }) {
  const { t } = useTranslation('explorer')
  return (
    <div className="flex flex-col gap-5 p-5">
      <ul className="flex flex-wrap gap-x-5 gap-y-2 text-sm text-muted">
        {(['made', 'missed', 'open'] as const).map((state) => (
          <li key={state} className="flex items-center gap-2">
            <span aria-hidden="true" className={`size-4 rounded-sm border ${looks[state]}`} />
            {t(`turn.${state}`)}
          </li>
        ))}
      </ul>
      {view.rounds.map(({ round, turns }) => (
        <div key={round} className="flex flex-col gap-2">
          <h3 className="text-sm font-medium text-muted">
            {t('rounds.round', { round: countText(round), term: countText(view.term) })}
          </h3>
          <ol className="grid grid-cols-2 gap-2 sm:grid-cols-4 lg:grid-cols-6 2xl:grid-cols-8">
            {turns.map((turn) => (
              <li key={turn.slot}>
                <TurnBox turn={turn} view={view} />
              </li>
            ))}
          </ol>
        </div>
      ))}
    </div>
  )
}

function TurnBox({ turn, view }: { readonly turn: Turn; readonly view: RoundsView }) {
  const { t } = useTranslation('explorer')
  const { slot, seat, state, height, signers } = turn
  const member = seat === null ? undefined : view.seats[seat]
  const name = member?.name == null ? undefined : foreignName(member.name).text
  const box = `flex h-full min-h-16 flex-col gap-0.5 rounded-md border px-3 py-2 text-sm ${looks[state]}`
  const content = (
    <>
      <span className="truncate font-medium">
        <bdi>{name ?? (seat === null ? t('rounds.unknown') : t('block.seat', { seat }))}</bdi>
      </span>
      <span className="figures truncate text-xs">
        {height === null
          ? `${t('rounds.slot', { slot: countText(slot) })} · ${t(`turn.${state}`)}`
          : t('rounds.block', { height: countText(height) })}
      </span>
      {signers === null ? null : (
        <span className="figures text-xs text-muted">
          {t('certificate.of', { signers: signers.length, seats: view.seats.length })}
        </span>
      )}
    </>
  )
  if (height === null) {
    return (
      <div data-turn={state} className={box}>
        {content}
      </div>
    )
  }
  return (
    <Link to={`/explorer/block/${height}`} data-turn={state} className={box}>
      {content}
    </Link>
  )
}
