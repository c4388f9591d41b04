export { generateProgram } from './generate-program.ts'
export { DEEP, ENDING, ENDLESS, type HostileProgram } from './hostile.ts'
export { mutateProgram } from './mutate-program.ts'
export { Bench, canonical, describe, testHost, transcriptHash } from './transcript.ts'
