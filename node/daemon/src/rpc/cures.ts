/**
 * What helps, for the codes that clients of the RPC meet most. The same words as in the catalogue of all codes
 * (docs/errors.md); a test in apps/cli holds the two together.
 */
const CURES: Readonly<Record<string, string>> = {}

/** What helps against a refusal; undefined for codes that only the catalogue explains. */
export function cureOf(code: string): string | undefined {
  return CURES[code]
}
