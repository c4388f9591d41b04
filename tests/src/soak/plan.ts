import type { Random } from '@smartshare/consensus/simulator'

/** Something that goes wrong for a while. Pairs are of indices of nodes. */
export interface Episode {
  readonly kind: string
  /** Whether the others are expected to go on meanwhile. */
  readonly halts: boolean
  readonly durationMs: number
  readonly kill: readonly number[]
  readonly pause: readonly number[]
  readonly cut: readonly (readonly [number, number])[]
  readonly stall: readonly (readonly [number, number])[]
}

const LEAST_MS = 4_000
const MOST_MS = 20_000
/** Of more than f delegates at a time, or of parts of which none has a quorum. */
const MOST_HALT_MS = 10_000
const KINDS = [
  ...['kill', 'kill', 'pause', 'cut', 'stall', 'split', 'mixed', 'mixed'],
  ...['halting kill', 'halting pause', 'halting split'],
] as const

/** The next thing to go wrong in a network of `nodes` of which `faulty` may fail. */
export function nextEpisode(random: Random, nodes: number, faulty: number): Episode {
  const kind = random.pick(KINDS)
  const order = shuffled(random, nodes)
  const halts = kind.startsWith('halting')
  const durationMs = random.between(LEAST_MS, halts ? MOST_HALT_MS : MOST_MS)
  const none = { kind, halts, durationMs, kill: [], pause: [], cut: [], stall: [] }
  const few = order.slice(0, random.between(1, Math.max(1, faulty)))
  const many = order.slice(0, random.between(faulty + 1, Math.min(nodes, faulty + 3)))
  switch (kind) {
    case 'kill':
      return { ...none, kill: few }
    case 'pause':
      return { ...none, pause: few }
    case 'cut':
      return { ...none, cut: somePairs(random, nodes) }
    case 'stall':
      return { ...none, stall: somePairs(random, nodes) }
    case 'split':
      return { ...none, cut: between(few, order.slice(few.length)) }
    case 'mixed': {
      const killed = Math.floor(few.length / 2)
      return { ...none, kill: few.slice(0, killed), pause: few.slice(killed), cut: somePairs(random, nodes) }
    }
    case 'halting kill':
      return { ...none, kill: many }
    case 'halting pause':
      return { ...none, pause: many }
    case 'halting split':
      return { ...none, cut: between(order.slice(0, nodes >> 1), order.slice(nodes >> 1)) }
  }
}

/** A tenth of all pairs: too few to leave any quorum without paths. */
function somePairs(random: Random, nodes: number): [number, number][] {
  return Array.from({ length: Math.ceil((nodes * (nodes - 1)) / 20) }, () => {
    const [a = 0, b = 0] = shuffled(random, nodes)
    return [a, b]
  })
}

function between(here: readonly number[], there: readonly number[]): [number, number][] {
  return here.flatMap((a) => there.map((b): [number, number] => [a, b]))
}

function shuffled(random: Random, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = random.between(0, i)
    const held = order[i] as number
    order[i] = order[j] as number
    order[j] = held
  }
  return order
}
