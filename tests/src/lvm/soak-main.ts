import { COMPILERS, differences, freshTranscripts, transcripts, transcriptsElsewhere } from './transcripts.ts'

// `npm run soak:lvm [-- PROGRAMS]`: runs each program twice here, in a machine of its own, and in processes with each compiler.
const PROGRAMS = 10_000
const CHUNK = 500

const programs = Number(process.argv[2] ?? PROGRAMS)
if (!(programs > 0)) throw new Error('give a number of programs')
let different = 0
let count = 0
for (let from = 0; from < programs; from += CHUNK) {
  const selection = { hostile: from === 0, from, to: Math.min(from + CHUNK, programs) }
  const first = [...transcripts(selection)]
  count += first.length
  const others: Record<string, string[]> = {
    'the second time': [...transcripts(selection)],
    'in a machine of its own': [...freshTranscripts(selection)],
  }
  for (const [name, options] of Object.entries(COMPILERS)) others[name] = await transcriptsElsewhere(options, selection)
  for (const [name, hashes] of Object.entries(others)) {
    const places = differences(hashes, first)
    different += places.length
    if (places.length > 0)
      console.error(`${name}: other results at ${places.join(', ')} of ${JSON.stringify(selection)}`)
  }
  console.error(`soak:lvm ${selection.to} of ${programs} programs, ${different} different`)
}
console.log(
  `soak:lvm: ${count} programs in ${2 + Object.keys(COMPILERS).length} ways beside the first, ${different} different`,
)
process.exitCode = different === 0 ? 0 : 1
