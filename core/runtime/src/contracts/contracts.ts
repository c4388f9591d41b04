import { ADDRESS_BYTES, HASH_BYTES, MAX_ARGUMENT_BYTES, SSP } from '@smartshare/chain'
import { amount, bool, bytes, fixedBytes, optional, record, SmartshareError, text, uint } from '@smartshare/codec'
import { equalBytes, hashTagged } from '@smartshare/crypto'
import type { EventKind, Host } from '../host.ts'
import { mapKey } from '../keys.ts'
import type { Method, Module } from '../module.ts'
import { pools, release, spend } from '../tokens/tokens.ts'
import { checkWords } from '../tokens/words.ts'
import { type Abi, encodeAbi } from './abi.ts'
import { callConstructor } from './call.ts'
import { attestEvents, heavyMethods } from './heavy/attest.ts'
import { checkFree, queueEvents } from './heavy/queue.ts'
import {
  CONTRACT_NAME_BYTES,
  CONTRACTS,
  type Contract,
  getCode,
  getContract,
  MAX_METADATA_BYTES,
  MAX_SOURCE_BYTES,
  newAddress,
  setCode,
  setContract,
  type UpgradeRule,
  upgradeRuleSchema,
} from './registry.ts'

const address = fixedBytes(ADDRESS_BYTES)
const hash = fixedBytes(HASH_BYTES)
const source = bytes(MAX_SOURCE_BYTES, 1)

/** A source took over: at publishing with version 1, later by an upgrade. */
const publishedEvent = {
  target: CONTRACTS,
  name: 'published',
  schema: record({
    contract: address,
    publisher: address,
    name: text(CONTRACT_NAME_BYTES, 1),
    codeHash: hash,
    version: uint(),
  }),
} satisfies EventKind<unknown>

const announcedEvent = {
  target: CONTRACTS,
  name: 'announced',
  schema: record({ contract: address, codeHash: hash, fromMs: uint() }),
} satisfies EventKind<unknown>

const pausedEvent = {
  target: CONTRACTS,
  name: 'paused',
  schema: record({ contract: address, paused: bool }),
} satisfies EventKind<unknown>

/** Hash under which a source is known. */
export function codeHashOf(code: Uint8Array): Uint8Array {
  return hashTagged('contract/source', code)
}

interface Publish {
  name: string
  source: Uint8Array
  metadata: string
  upgrade: UpgradeRule | null
  pauser: Uint8Array | null
  arguments: Uint8Array | null
  value: bigint
}

/** `contracts.publish`: puts a source on the chain, at an address of its own, and runs its constructor. */
const publish: Method<Publish> = {
  id: 1,
  name: 'publish',
  arguments: record({
    name: text(CONTRACT_NAME_BYTES, 1),
    source,
    /** Free text, for example a link and the compiler's version. */
    metadata: text(MAX_METADATA_BYTES),
    /** Null: it never changes. */
    upgrade: optional(upgradeRuleSchema),
    /** Null: nobody can pause it. */
    pauser: optional(address),
    /** Arguments of the constructor; null if there is none. */
    arguments: optional(bytes(MAX_ARGUMENT_BYTES)),
    /** Grains that go to the contract with the constructor. */
    value: amount,
  }),
  gas: 0,
  check: ({ name }) => checkWords('name', name),
  execute(host, args, sender) {
    const contract = newAddress(host, sender)
    const { abi, loadGas } = load(host, contract, args)
    const codeHash = codeHashOf(args.source)
    setContract(host, contract, {
      ...{ publisher: sender, codeHash, version: 1, loadGas },
      ...{ upgrade: args.upgrade, pauser: args.pauser, paused: false, announced: null, jobs: 0 },
    })
    host.emit(publishedEvent, { contract, publisher: sender, name: args.name, codeHash, version: 1 })
    if (args.arguments !== null) {
      callConstructor(host, contract, args.arguments, sender, [{ token: SSP, amount: args.value }])
    } else if (abi.methods.some(({ kind }) => kind === 'constructor')) {
      // Nobody could ever call it later.
      throw new SmartshareError('CONTRACT_METHOD', 'the contract has a constructor: give its arguments')
    } else if (args.value > 0n) {
      throw new SmartshareError('CONTRACT_FUNDS', 'money goes to a constructor, and there is none to call')
    }
  },
}

/** `contracts.announceUpgrade`: says which source is to take over, and from when on. */
const announceUpgrade: Method<{ contract: Uint8Array; codeHash: Uint8Array }> = {
  id: 2,
  name: 'announceUpgrade',
  arguments: record({ contract: address, codeHash: hash }),
  gas: 0,
  check: () => undefined,
  execute(host, { contract, codeHash }, sender) {
    const { stored, rule } = upgradable(host, contract, sender)
    const fromMs = host.block.timeMs + rule.delayMs
    setContract(host, contract, { ...stored, announced: { codeHash, fromMs } })
    host.emit(announcedEvent, { contract, codeHash, fromMs })
  },
}

/** `contracts.upgrade`: another source takes over the address, the money and the state. */
const upgrade: Method<{ contract: Uint8Array; source: Uint8Array; metadata: string }> = {
  id: 3,
  name: 'upgrade',
  arguments: record({ contract: address, source, metadata: text(MAX_METADATA_BYTES) }),
  gas: 0,
  check: () => undefined,
  execute(host, args, sender) {
    const { contract } = args
    const { stored, rule } = upgradable(host, contract, sender)
    const codeHash = codeHashOf(args.source)
    const { announced } = stored
    if (rule.delayMs > 0) {
      if (announced === null || !equalBytes(announced.codeHash, codeHash)) {
        throw new SmartshareError('CONTRACT_UPGRADE', 'this source was not announced')
      }
      if (host.block.timeMs < announced.fromMs) {
        throw new SmartshareError('CONTRACT_UPGRADE', 'the time of the announcement is not over', {
          fromMs: announced.fromMs,
        })
      }
    }
    checkFree(host, contract)
    const { name } = getCode(host, contract)
    const { loadGas } = load(host, contract, { name, source: args.source, metadata: args.metadata })
    const version = stored.version + 1
    setContract(host, contract, { ...getContract(host, contract), codeHash, version, loadGas, announced: null })
    host.emit(publishedEvent, { contract, publisher: sender, name, codeHash, version })
  },
}

/** `contracts.setPaused`: stops all calls but views, or lets them go on. */
const setPaused: Method<{ contract: Uint8Array; paused: boolean }> = {
  id: 4,
  name: 'setPaused',
  arguments: record({ contract: address, paused: bool }),
  gas: 0,
  check: () => undefined,
  execute(host, { contract, paused }, sender) {
    const stored = getContract(host, contract)
    if (stored.pauser === null || !equalBytes(stored.pauser, sender)) {
      throw new SmartshareError('CONTRACT_RULE', 'the contract’s rules do not let this account pause it')
    }
    setContract(host, contract, { ...stored, paused })
    host.emit(pausedEvent, { contract, paused })
  },
}

export const contracts: Module = {
  id: CONTRACTS,
  name: 'contracts',
  methods: [publish, announceUpgrade, upgrade, setPaused, ...heavyMethods],
  events: [publishedEvent, announcedEvent, pausedEvent, ...queueEvents, ...attestEvents],
}

/**
 * What the contracts' part of the state grew by in a transaction locks grains of its sender; what it shrank by gives them
 * back to whoever freed it. The pool always holds the price of all bytes that are stored.
 */
export function settleDeposit(host: Host, sender: Uint8Array): void {
  const grains = BigInt(Math.abs(host.storedBytes)) * host.parameters.stateByteGrains
  if (grains === 0n) return
  if (host.storedBytes > 0) spend(host, sender, pools.contractState, grains)
  else release(host, pools.contractState, sender, grains)
}

/** Tries a source and stores it. What it offers, and its gas for every block that calls it. */
function load(
  host: Host,
  contract: Uint8Array,
  { name, source: code, metadata }: { name: string; source: Uint8Array; metadata: string },
): { abi: Abi; loadGas: number } {
  const { engine } = host
  const { abi, loadGas } = engine.load(engine.slot(0), code, host.gas)
  host.loaded.add(mapKey(codeHashOf(code)))
  setCode(host, contract, { name, source: code, abi: encodeAbi(abi), metadata })
  return { abi, loadGas }
}

function upgradable(host: Host, contract: Uint8Array, sender: Uint8Array): { stored: Contract; rule: UpgradeRule } {
  const stored = getContract(host, contract)
  if (stored.upgrade === null || !equalBytes(stored.upgrade.by, sender)) {
    throw new SmartshareError('CONTRACT_RULE', 'the contract’s rules do not let this account upgrade it')
  }
  return { stored, rule: stored.upgrade }
}
