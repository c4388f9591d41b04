import { useQuery } from '@tanstack/react-query'

const QUIET = 2

/** A text as a QR code: always dark on light, or cameras do not read it. `label` says what it holds. */
export function QrCode({
  text,
  label,
  size = 208,
}: {
  readonly text: string
  readonly label: string
  readonly size?: number
}) {
  const { data } = useQuery({
    queryKey: ['qr', text],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const { encodeQR } = await import('qr')
      return encodeQR(text, 'raw', { ecc: 'medium', border: 0 })
    },
  })
  const count = data?.length ?? 1
  const path = (data ?? []).flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return (
    <svg
      role="img"
      aria-label={label}
      width={size}
      height={size}
      viewBox={`${-QUIET} ${-QUIET} ${count + 2 * QUIET} ${count + 2 * QUIET}`}
      shapeRendering="crispEdges"
      className="rounded-md"
    >
      <rect x={-QUIET} y={-QUIET} width={count + 2 * QUIET} height={count + 2 * QUIET} fill="#ffffff" />
      <path d={path} fill="#111111" />
    </svg>
  )
}
