import { Chance } from './prng.ts'

const MOST_CHANGES = 4
const ODD =
  `0 -1 nil 1e308 math.mininteger (1<<62) 0x7fffffff 2147483648 1000000 "\\0" {} pcall coroutine.yield() coroutine.running()
  ... getmetatable("") string goto echo _G`.split(/\s+/)

/** A program with a few of its words left out, doubled, exchanged or replaced, as a seed decides; mostly it no longer parses. */
export function mutateProgram(source: string, seed: number): string {
  const chance = new Chance(seed)
  const words = source.match(/\s+|\w+|[^\w\s]/g) ?? []
  for (let i = chance.below(MOST_CHANGES); i >= 0; i--) {
    const at = chance.below(words.length)
    const other = chance.pick(words)
    switch (chance.below(5)) {
      case 0:
        words.splice(at, 1)
        break
      case 1:
        words.splice(at, 0, other)
        break
      case 2:
        words[at] = other
        break
      case 3:
        words[at] = chance.pick(ODD)
        break
      default:
        words.splice(at, 0, ...words.slice(at, at + chance.below(8)))
    }
  }
  return words.join('')
}
