import { useQuery } from '@tanstack/react-query'

/** Modules of white around a code, without which cameras do not find it (ISO/IEC 18004). */
const QUIET_MODULES = 4

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
      return encodeQR(text, 'raw', { ecc: 'medium', border: QUIET_MODULES })
    },
  })
  const count = data?.length ?? 1
  const path = (data ?? []).flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return (
    <svg
      role="img"
      aria-label={label}
      data-ready={data !== undefined}
      width={size}
      height={size}
      viewBox={`0 0 ${count} ${count}`}
      shapeRendering="crispEdges"
    >
      <rect width={count} height={count} fill="#ffffff" />
      <path d={path} fill="#111111" />
    </svg>
  )
}
