// A picture of an address: five by five cells, mirrored, in one of many hues. It helps to notice a wrong address; the whole
// address alone is a proof.

const CELLS = 5
const HUES = 24

/** 32-bit values that each depend on every character (FNV-1a, then stirred). */
function values(text: string, count: number): number[] {
  let state = 0x811c9dc5
  for (const character of text) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193)
  return Array.from({ length: count }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d)
    state = Math.imul(state ^ (state >>> 12), 0x297a2d39)
    state ^= state >>> 15
    return state >>> 0
  })
}

export function Identicon({ text, size = 32 }: { readonly text: string; readonly size?: number }) {
  const [hueValue = 0, ...cellValues] = values(text, 1 + CELLS * 3)
  const hue = (hueValue % HUES) * (360 / HUES)
  const cells = cellValues.flatMap((value, index) => {
    if (value % 100 < 46) return []
    const x = index % 3
    const y = Math.floor(index / 3)
    return x === 2
      ? [{ x, y }]
      : [
          { x, y },
          { x: CELLS - 1 - x, y },
        ]
  })
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="-1 -1 7 7" className="shrink-0 rounded-full">
      <rect x={-1} y={-1} width={7} height={7} fill={`hsl(${hue} 45% 90%)`} />
      {cells.map(({ x, y }) => (
        <rect key={`${x}${y}`} x={x} y={y} width={1.02} height={1.02} fill={`hsl(${hue} 60% 36%)`} />
      ))}
    </svg>
  )
}
