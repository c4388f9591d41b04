const STEP = 1024
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
/** Below this a size has one figure after the point. */
const FRACTION_BELOW = 10

/** A number of bytes in the unit in which it is easiest to read. */
export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP
    unit++
  }
  const text = unit > 0 && value < FRACTION_BELOW ? value.toFixed(1) : String(Math.round(value))
  return `${text} ${UNITS[unit]}`
}
