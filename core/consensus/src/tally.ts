import { bitmapOf, type Certificate, contradict, PROPOSE, type Vote } from '@smartshare/chain'
import { equalBytes } from '@smartshare/crypto'
import { CUT_SLOTS, MAX_PEERS, MAX_RELAYS_PER_VOTE } from './config.ts'
import type { Link } from './events.ts'
import { emit, reportPeer } from './outbox.ts'
import { holds, tallyOf } from './signing.ts'
import { type Ballot, type Instance, type SlotState, type State, slotOf, type Tally } from './state.ts'

/**
 * Takes one vote that a link delivered. Nothing is verified before a quorum could be there; until then a vote never
 * displaces another: each link has one place per seat, kind and slot, and the seat's own link goes first.
 */
export function addVote(state: State, instance: Instance, link: Link, vote: Vote): void {
  const direct = link.delegate !== null && instance.seatOf.get(link.delegate) === vote.seat
  // Votes of others are passed on only when a slot stands still.
  if (!direct && (link.delegate === null || vote.slot !== instance.slot)) return
  const slot = slotOf(instance, vote.slot)
  const ballot: Ballot = { signature: vote.signature, peer: link.peer, verified: false, single: false }
  if (findConflict(state, instance, slot, vote, ballot)) return
  const tally = tallyOf(state, instance, vote.slot, vote.kind, vote.value)
  const ballots = tally.bySeat.get(vote.seat)
  if (ballots === undefined) {
    tally.bySeat.set(vote.seat, [ballot])
    return
  }
  if (ballots[0]!.verified || ballots.some((held) => held.peer === link.peer)) return
  if (direct) ballots.unshift(ballot)
  else if (ballots.length <= MAX_RELAYS_PER_VOTE) ballots.push(ballot)
}

/** Records a statement whose signature was checked by itself (the own ones too). */
export function addChecked(state: State, instance: Instance, vote: Vote, peer: string | null): void {
  const slot = slotOf(instance, vote.slot)
  const ballot: Ballot = { signature: vote.signature, peer, verified: true, single: true }
  findConflict(state, instance, slot, vote, ballot)
  tallyOf(state, instance, vote.slot, vote.kind, vote.value).bySeat.set(vote.seat, [ballot])
}

/**
 * Looks for another statement of the same seat that conflicts with this one; both are then verified by themselves, and
 * are evidence if both hold. True if the new ballot is not to be counted: its signature is wrong, or its link has
 * already delivered another value for this seat, kind and slot.
 */
function findConflict(state: State, instance: Instance, slot: SlotState, vote: Vote, ballot: Ballot): boolean {
  if (slot.convicted.has(vote.seat)) return slot.tallies.some((other) => holdsOther(other, vote))
  let useless = false
  for (const other of slot.tallies) {
    if (!contradict(vote, { ...vote, kind: other.kind, value: other.value })) continue
    const held = other.bySeat.get(vote.seat)
    if (held === undefined) continue
    const message = tallyOf(state, instance, slot.slot, vote.kind, vote.value).message
    if (!checkBallot(state, instance, vote.seat, message, ballot)) return true
    const proof = held.find((candidate) => checkBallot(state, instance, vote.seat, other.message, candidate))
    if (proof !== undefined) {
      slot.convicted.add(vote.seat)
      const { term, slot: at } = vote
      const first: Vote = {
        term,
        slot: at,
        kind: other.kind,
        value: other.value,
        seat: vote.seat,
        signature: proof.signature,
      }
      emit(state, { type: 'evidence', evidence: { kind: 'votes', first, second: vote } })
      return false
    }
    useless ||= vote.kind === other.kind && held.some((candidate) => candidate.peer === ballot.peer)
  }
  return useless
}

/** True if the tally holds another value of the vote's seat and kind: of a convicted seat no third value is kept. */
function holdsOther(tally: Tally, vote: Vote): boolean {
  return tally.kind === vote.kind && !equalBytes(tally.value, vote.value) && tally.bySeat.has(vote.seat)
}

/** Verifies one ballot by itself; reports its link if the signature is wrong. */
function checkBallot(state: State, instance: Instance, seat: number, message: Uint8Array, ballot: Ballot): boolean {
  if (ballot.single) return true
  const key = instance.keys[seat]!
  if (!holds(() => state.config.scheme.verify(key, message, ballot.signature))) {
    cutLink(state, instance, ballot.peer)
    return false
  }
  ballot.single = true
  return true
}

/** A link that delivered a wrong signature is reported and not heard for a while. */
function cutLink(state: State, instance: Instance, peer: string | null): void {
  if (peer === null) return
  reportPeer(state, peer, 'CONSENSUS_BAD_VOTE')
  if (state.cut.size >= MAX_PEERS) for (const oldest of [...state.cut.keys()].slice(0, 1)) state.cut.delete(oldest)
  state.cut.set(peer, { term: instance.term, slot: instance.slot + CUT_SLOTS })
}

/**
 * If a quorum could be there, adds up what is not verified yet and checks the sum once; a wrong sum is halved until the
 * wrong ballots are found, and their links cut. Returns the certificate if a quorum is there.
 */
export function countTally(state: State, instance: Instance, slot: number, tally: Tally): Certificate | null {
  while (!tally.done && tally.bySeat.size >= instance.quorum) {
    const open = [...tally.bySeat].filter(([, ballots]) => !ballots[0]!.verified).map(([seat]) => seat)
    if (open.length === 0) return certify(state, instance, slot, tally)
    for (const seat of wrongSeats(state, instance, tally, open)) dropFirst(state, instance, tally, seat)
  }
  return null
}

/** Marks the seats whose sum holds as verified and returns the others, halving as often as needed. */
function wrongSeats(state: State, instance: Instance, tally: Tally, seats: readonly number[]): number[] {
  const { scheme } = state.config
  const ballots = seats.map((seat) => tally.bySeat.get(seat)![0]!)
  const right = holds(() => {
    if (ballots.every((ballot) => ballot.single)) return true
    if (seats.length === 1) return scheme.verify(instance.keys[seats[0]!]!, tally.message, ballots[0]!.signature)
    const keys = seats.map((seat) => instance.keys[seat]!)
    return scheme.verifyAggregate(keys, tally.message, scheme.aggregate(ballots.map((ballot) => ballot.signature)))
  })
  if (right) {
    for (const ballot of ballots) ballot.verified = true
    if (seats.length === 1) ballots[0]!.single = true
    return []
  }
  if (seats.length === 1) return [...seats]
  const half = seats.length >> 1
  return [
    ...wrongSeats(state, instance, tally, seats.slice(0, half)),
    ...wrongSeats(state, instance, tally, seats.slice(half)),
  ]
}

function dropFirst(state: State, instance: Instance, tally: Tally, seat: number): void {
  const [wrong, ...rest] = tally.bySeat.get(seat)!
  cutLink(state, instance, wrong!.peer)
  if (rest.length === 0) tally.bySeat.delete(seat)
  else tally.bySeat.set(seat, rest)
}

function certify(state: State, instance: Instance, slot: number, tally: Tally): Certificate {
  tally.done = true
  const seats = [...tally.bySeat.keys()].sort((a, b) => a - b)
  const signature = state.config.scheme.aggregate(seats.map((seat) => tally.bySeat.get(seat)![0]!.signature))
  const { kind, value } = tally
  return { term: instance.term, slot, kind, value, bitmap: bitmapOf(seats, instance.seats), signature }
}

/**
 * Votes of the current slot to pass on when it stands still, each checked by itself: a sum may hold although two
 * traitors spoilt their parts against each other, and whoever passed such a part on would be cut off for it.
 */
export function votesToPassOn(state: State, instance: Instance): Vote[] {
  const votes: Vote[] = []
  for (const tally of instance.slots.get(instance.slot)?.tallies ?? []) {
    if (tally.kind === PROPOSE || tally.done) continue
    for (const [seat, ballots] of tally.bySeat) {
      const ballot = ballots.find((held) => checkBallot(state, instance, seat, tally.message, held))
      if (ballot === undefined) tally.bySeat.delete(seat)
      else {
        ballot.verified = true
        tally.bySeat.set(seat, [ballot])
        const { kind, value } = tally
        votes.push({ term: instance.term, slot: instance.slot, kind, value, seat, signature: ballot.signature })
      }
    }
  }
  return votes
}
