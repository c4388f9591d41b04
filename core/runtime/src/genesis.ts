import {
  ADDRESS_BYTES,
  BLS_KEY_BYTES,
  BLS_SIGNATURE_BYTES,
  type DelegateSet,
  HASH_BYTES,
  MAX_SEATS,
} from '@smartshare/chain'
import {
  amount,
  array,
  decode,
  encode,
  fixedBytes,
  type Infer,
  optional,
  record,
  SmartshareError,
  text,
  uint,
} from '@smartshare/codec'
import { bls, hashTagged, TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import { addDelegate, MAX_NAME_BYTES } from './delegates/registry.ts'
import { setFirstTerm } from './delegates/term.ts'
import { parametersSchema } from './parameters.ts'
import type { StateWriter } from './table.ts'
import { allocate, pools } from './tokens/tokens.ts'
import { addLock, setGranter } from './vesting/vesting.ts'

const MAX_ALLOCATIONS = 100_000
const MAX_GENESIS_BYTES = 16 * 1024 * 1024
const percent = (share: bigint): bigint => (TOTAL_SUPPLY_GRAINS * share) / 100n

/** The split of C7 in grains. */
export const SPLIT = {
  placement: percent(25n),
  foundation: percent(20n),
  team: percent(10n),
  mining: percent(45n),
} as const

const address = fixedBytes(ADDRESS_BYTES)
const hash = fixedBytes(HASH_BYTES)

const genesisSchema = record({
  name: text(64, 1),
  preset: text(16, 1),
  timeMs: uint(),
  parameters: parametersSchema,
  /** May grant from the foundation's pool. */
  foundation: address,
  /** Owns the team's lock. */
  team: address,
  /** Private placement: who bought what. What is left of its quarter goes to the mining pool. */
  placement: array(record({ address, grains: amount }), MAX_ALLOCATIONS),
  /** The first set; bonds come out of the delegates' own allocations. */
  delegates: array(
    record({
      address,
      name: text(MAX_NAME_BYTES, 1),
      key: fixedBytes(BLS_KEY_BYTES),
      proof: fixedBytes(BLS_SIGNATURE_BYTES),
      bond: amount,
    }),
    MAX_SEATS,
    1,
  ),
  /** Where this network branched off another one. */
  fork: optional(record({ chainId: hash, height: uint(), stateRoot: hash })),
})

/** Everything that makes a network the network that it is. Its hash is the chain id. */
export type Genesis = Infer<typeof genesisSchema>

export function encodeGenesis(genesis: Genesis): Uint8Array {
  return encode(genesisSchema, genesis)
}

/** Throws CODEC_* or GENESIS_*. */
export function decodeGenesis(encoded: Uint8Array): Genesis {
  if (encoded.length > MAX_GENESIS_BYTES) throw new SmartshareError('GENESIS_SIZE', 'the genesis file is too large')
  return decode(genesisSchema, encoded)
}

export function chainIdOf(genesis: Genesis): Uint8Array {
  return hashTagged('genesis', encodeGenesis(genesis))
}

/** The delegate set of term 0. */
export function firstSet(genesis: Genesis): DelegateSet {
  return { term: 0, members: genesis.delegates.map(({ address: of, key }) => ({ address: of, key })) }
}

/** Writes the state of height 0. Throws GENESIS_* if the record contradicts itself. */
export function writeGenesis(writer: StateWriter, genesis: Genesis): void {
  const sold = genesis.placement.reduce((sum, { grains }) => sum + grains, 0n)
  if (sold > SPLIT.placement) throw new SmartshareError('GENESIS_PLACEMENT', 'more is placed than the quarter holds')
  const { evidenceMs, unbondingMs } = genesis.parameters
  if (evidenceMs >= unbondingMs) {
    throw new SmartshareError('GENESIS_EVIDENCE', 'evidence is valid for as long as bonds are locked, or longer')
  }
  const { busyLoad, calmLoad } = genesis.parameters
  if (calmLoad > busyLoad) {
    throw new SmartshareError('GENESIS_LOAD', 'calmLoad is above busyLoad, so the mode would change with every round')
  }
  const bonds = genesis.delegates.reduce((sum, { bond }) => sum + bond, 0n)
  const bondOf = new Map(genesis.delegates.map((delegate) => [String(delegate.address), delegate.bond]))
  const placed = genesis.placement.map((entry) => {
    const bond = bondOf.get(String(entry.address)) ?? 0n
    bondOf.delete(String(entry.address))
    if (bond > entry.grains) throw new SmartshareError('GENESIS_BOND', 'a bond is above the allocation of its delegate')
    return { address: entry.address, grains: entry.grains - bond }
  })
  if (bondOf.size > 0) throw new SmartshareError('GENESIS_BOND', 'a delegate has no allocation for its bond')
  allocate(writer, [
    ...placed.filter(({ grains }) => grains > 0n),
    { address: pools.stakes, grains: bonds },
    { address: pools.foundation, grains: SPLIT.foundation },
    { address: pools.vesting, grains: SPLIT.team },
    { address: pools.mining, grains: SPLIT.mining + SPLIT.placement - sold },
  ])
  addLock(writer, genesis.team, {
    grains: SPLIT.team,
    claimed: 0n,
    startMs: genesis.timeMs,
    endMs: genesis.timeMs + genesis.parameters.teamVestingMs,
    cliff: false,
  })
  setGranter(writer, genesis.foundation)
  for (const { address: of, name, key, proof, bond } of genesis.delegates) {
    if (!bls.verifyPossession(key, proof)) {
      throw new SmartshareError('GENESIS_KEY', `the proof of possession of ${name} does not hold`)
    }
    addDelegate(writer, of, { name, key, bond, votes: 0n, registeredHeight: 0 })
  }
  setFirstTerm(writer, firstSet(genesis))
}
