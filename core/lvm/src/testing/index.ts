export { generateProgram } from './generate-program.ts'
export { DEEP, ENDING, ENDLESS, type HostileProgram } from './hostile.ts'
export { Bench, canonical, describe, testHost, transcriptHash } from './transcript.ts'
