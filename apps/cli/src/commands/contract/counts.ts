import { SmartshareError } from '@smartshare/codec'

/** A whole number that an option says. Throws USAGE. */
export function countOf(text: string, option: string): number {
  if (/^(0|[1-9][0-9]{0,14})$/.test(text)) return Number(text)
  throw new SmartshareError('USAGE', `${option} is a whole number, and not ${text}`)
}
