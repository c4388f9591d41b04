/** A connection that somebody else opened. */
export interface Inbound {
  readonly peer: string
  /** Multiaddress at which the peer is seen. */
  readonly address: string
  /** What the peer has done for us and to us; more is better. */
  readonly score: number
  readonly openedMs: number
  /** Never cut to make room for another. */
  readonly isProtected: boolean
}

export interface InboundLimits {
  /** Connections that others opened; the rest of all connections is for those that we choose. */
  readonly maxInboundConnections: number
  /** Of these, such that come from one address group. */
  readonly maxInboundPerGroup: number
}

const GROUP_PARTS = { ip4: 2, ip6: 2 } as const

/**
 * Addresses that one party can easily have many of: IPv4 by its first 16 bits, IPv6 by its first 32, all else by its kind.
 * Filling a node's places then takes many networks, not many addresses.
 */
export function addressGroup(address: string): string {
  const [, kind = '', host = ''] = address.split('/')
  if (kind === 'ip4') return `${kind}/${host.split('.').slice(0, GROUP_PARTS.ip4).join('.')}`
  if (kind === 'ip6') return `${kind}/${firstWords(host).join(':')}`
  return kind
}

/** The first two words of an IPv6 address, however it is shortened. */
function firstWords(host: string): string[] {
  const words = host.toLowerCase().split(':')
  // `::1` begins with zeros.
  return words.slice(0, GROUP_PARTS.ip6).map((word) => (word === '' ? '0' : word.replace(/^0+(?=.)/, '')))
}

/**
 * Whether somebody at `address` may connect, and who has to go for it: of the largest group the one with the lowest score,
 * and of equal ones the youngest, so that those who flood displace each other and nobody else.
 */
export function makeRoom(
  address: string,
  inbound: readonly Inbound[],
  limits: InboundLimits,
): { readonly enters: boolean; readonly leaves?: string } {
  const group = addressGroup(address)
  const sizes = new Map<string, number>()
  for (const one of inbound) sizes.set(addressGroup(one.address), (sizes.get(addressGroup(one.address)) ?? 0) + 1)
  const own = sizes.get(group) ?? 0
  if (own >= limits.maxInboundPerGroup) return { enters: false }
  if (inbound.length < limits.maxInboundConnections) return { enters: true }
  const sizeOf = (one: Inbound) => sizes.get(addressGroup(one.address)) ?? 0
  let victim: Inbound | undefined
  for (const one of inbound) {
    if (one.isProtected) continue
    if (victim === undefined || goesFirst(one, victim, sizeOf)) victim = one
  }
  // Who comes from the largest group himself makes nobody else go.
  if (victim === undefined || sizeOf(victim) <= own) return { enters: false }
  return { enters: true, leaves: victim.peer }
}

function goesFirst(one: Inbound, other: Inbound, sizeOf: (one: Inbound) => number): boolean {
  if (sizeOf(one) !== sizeOf(other)) return sizeOf(one) > sizeOf(other)
  if (one.score !== other.score) return one.score < other.score
  return one.openedMs > other.openedMs
}
