import { transcripts } from './transcripts.ts'

// A process of its own that prints the hash of every program that the argument selects.
process.stdout.write(`${[...transcripts(JSON.parse(process.argv[2]!))].join('\n')}\n`)
