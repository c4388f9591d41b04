import { unitsParts } from './format.ts'

interface AmountProps {
  readonly units: bigint
  readonly decimals?: number
  readonly symbol?: string
  readonly size?: 'sm' | 'md' | 'lg'
  /** A plus before what came in. */
  readonly isSigned?: boolean
}

const SSP_DECIMALS = 8
const sizes = { sm: 'text-sm', md: 'text-base', lg: 'text-3xl font-semibold tracking-tight' } as const

/** An amount to the smallest unit: the whole part first, the fraction quieter, figures of one width. */
export function Amount({ units, decimals = SSP_DECIMALS, symbol = 'SSP', size = 'md', isSigned = false }: AmountProps) {
  const { whole, fraction } = unitsParts(units, decimals)
  return (
    <span className={`figures whitespace-nowrap ${sizes[size]}`}>
      {isSigned && units > 0n ? '+' : ''}
      {whole}
      {fraction === '' ? null : <span className="text-[0.8em] text-muted">.{fraction}</span>}
      <span
        className={`ml-[0.3em] font-medium text-muted ${size === 'lg' ? 'text-[0.45em] tracking-normal' : 'text-[0.85em]'}`}
      >
        <bdi>{symbol}</bdi>
      </span>
    </span>
  )
}
