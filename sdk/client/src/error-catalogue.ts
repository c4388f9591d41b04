/** What an error means and what helps, by its code. */
export interface ErrorAdvice {
  readonly cause: string
  readonly cure: string
}

/** Every code that Smartshare throws on purpose; docs/errors.md shows the same table. */
export const errorCatalogue: Readonly<Record<string, ErrorAdvice>> = {
  NODE_CONFIG: {
    cause: 'A settings file of a node cannot be read.',
    cure: 'Mend the file at the place that is named.',
  },
}

/** What helps against an error; for codes that are not in the catalogue where to look. */
export function cureOf(code: string): string {
  return errorCatalogue[code]?.cure ?? 'see docs/errors.md'
}
