/** By code: why it happens, and what helps. Full sentences without the details, which the error itself carries. */
export type ErrorTable = Readonly<Record<string, readonly [cause: string, cure: string]>>

/** The cure for what only a mistake in the software itself brings about. */
export const REPORT = 'This is a fault of the software: please report it with the log around it.'
/** The cure for damage on disk. */
export const RESTORE = 'Stop the process, move the damaged folder away and let it be fetched again from peers.'
