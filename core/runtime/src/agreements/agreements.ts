import { HASH_BYTES, MAX_ARGUMENT_BYTES, SIGNATURE_BYTES } from '@smartshare/chain'
import { array, bytes, fixedBytes, type Infer, record, SmartshareError, uint } from '@smartshare/codec'
import {
  compareBytes,
  ED25519_PUBLIC_KEY_BYTES,
  equalBytes,
  MAX_POLICY_KEYS,
  HASH_BYTES as NODE_BYTES,
  P256_PUBLIC_KEY_BYTES,
  SEGMENT_BYTES,
  verify,
} from '@smartshare/crypto'
import { getAccount, mayAct } from '../accounts/account.ts'
import { seedAfter, serviceTime } from '../beacon/beacon.ts'
import { GAS } from '../gas.ts'
import type { EventKind, Host } from '../host.ts'
import type { Method, Module } from '../module.ts'
import {
  ACTIVE,
  AGREEMENTS,
  type Agreement,
  forgetClosed,
  getAgreement,
  MATCHED,
  recordEvents,
  saveAgreement,
} from './agreement.ts'
import { accrue, inspectedSegments, inspectionStart } from './inspection.ts'
import { verifyInspection } from './inspection-proof.ts'
import { storageReceiptHash } from './receipt.ts'
import { breach, cancel as cancelAgreement, concludeIfDue, endEarly, pass, settlementEvents } from './settlement.ts'

const signaturesSchema = array(
  record({
    key: bytes(P256_PUBLIC_KEY_BYTES, ED25519_PUBLIC_KEY_BYTES),
    signature: fixedBytes(SIGNATURE_BYTES),
  }),
  MAX_POLICY_KEYS,
  1,
)

/** Signatures of the keys that act for an account; keys ascending. */
export type KeySignatures = Infer<typeof signaturesSchema>

const activeEvent = {
  target: AGREEMENTS,
  name: 'active',
  schema: record({ agreement: uint(), root: fixedBytes(HASH_BYTES), startMs: uint() }),
} satisfies EventKind<unknown>

interface ActivateArguments {
  agreement: number
  root: Uint8Array
  sizeBytes: number
  signatures: KeySignatures
}

/**
 * `agreements.activate`: the buyer presents the provider's signed receipt, and the term begins. Only the buyer: a provider
 * could sign the root of data that nobody gave it, and be paid for keeping nothing.
 */
const activate: Method<ActivateArguments> = {
  id: 1,
  name: 'activate',
  arguments: record({
    agreement: uint(),
    root: fixedBytes(HASH_BYTES),
    sizeBytes: uint(),
    signatures: signaturesSchema,
  }),
  gas: 0,
  check({ signatures }) {
    for (let i = 1; i < signatures.length; i++) {
      if (compareBytes(signatures[i - 1]!.key, signatures[i]!.key) >= 0) {
        throw new SmartshareError('AGREEMENT_RECEIPT', 'keys must be ascending and distinct')
      }
    }
  },
  execute(host, args, sender) {
    const { agreement: id, root } = args
    const agreement = inState(host, id, MATCHED)
    checkBuyer(agreement, sender)
    checkReceipt(host, agreement, args)
    const startMs = now(host)
    saveAgreement(host, id, { ...agreement, state: ACTIVE, root, startMs })
    host.emit(activeEvent, { agreement: id, root, startMs })
  },
}

/** `agreements.cancel`: ends what is not active yet, at no cost: the buyer at any time, anybody after the deadline. */
const cancel: Method<{ agreement: number }> = {
  id: 2,
  name: 'cancel',
  arguments: record({ agreement: uint() }),
  gas: 0,
  check: () => undefined,
  execute(host, { agreement: id }, sender) {
    const agreement = inState(host, id, MATCHED)
    const isLate = now(host) >= agreement.matchedMs + host.parameters.activationMs
    if (!isLate) checkBuyer(agreement, sender)
    cancelAgreement(host, id, agreement)
  },
}

interface ProveArguments {
  agreement: number
  inspection: number
  segments: Uint8Array
  siblings: Uint8Array
}

/**
 * `agreements.prove`: the provider opens the segments of the inspection that is open now. A right proof is paid; a wrong
 * one is a breach at once. If the provider missed too much before, that breach is what the call records.
 */
const prove: Method<ProveArguments> = {
  id: 3,
  name: 'prove',
  arguments: record({
    agreement: uint(),
    inspection: uint(),
    segments: bytes(MAX_ARGUMENT_BYTES),
    siblings: bytes(MAX_ARGUMENT_BYTES),
  }),
  gas: 0,
  check: () => undefined,
  execute(host, { agreement: id, inspection, segments, siblings }, sender) {
    const before = inState(host, id, ACTIVE)
    if (!equalBytes(before.provider, sender)) {
      throw new SmartshareError('AGREEMENT_PARTY', 'only the provider answers an inspection')
    }
    const agreement = accrue(before, now(host))
    if (concludeIfDue(host, id, agreement, null)) return
    const fromMs = inspectionStart(agreement, agreement.next)
    const seed = seedAfter(host, fromMs)
    if (inspection !== agreement.next || seed === undefined) {
      throw new SmartshareError('AGREEMENT_INSPECTION', `inspection ${inspection} is not open`, {
        next: agreement.next,
        fromMs,
      })
    }
    const indices = inspectedSegments(seed, id, inspection, agreement.sizeBytes, agreement.segments)
    chargeHashing(host, agreement, segments.length, siblings.length)
    const isRight = verifyInspection(agreement.root!, agreement.sizeBytes, indices, { segments, siblings })
    if (isRight) pass(host, id, agreement)
    else breach(host, id, agreement, null)
  },
}

/**
 * `agreements.settle`: anybody brings an agreement up to date: misses are counted, a breach or the end of the term takes
 * effect. Who makes a breach visible gets a bounty.
 */
const settle: Method<{ agreement: number }> = {
  id: 4,
  name: 'settle',
  arguments: record({ agreement: uint() }),
  gas: 0,
  check: () => undefined,
  execute(host, { agreement: id }, sender) {
    const before = inState(host, id, ACTIVE)
    const agreement = accrue(before, now(host))
    if (agreement === before) {
      throw new SmartshareError('AGREEMENT_SETTLED', `agreement ${id} is up to date`)
    }
    if (!concludeIfDue(host, id, agreement, sender)) saveAgreement(host, id, agreement)
  },
}

/** `agreements.end`: the buyer ends an active agreement before its term, at the price of some periods. */
const end: Method<{ agreement: number }> = {
  id: 5,
  name: 'end',
  arguments: record({ agreement: uint() }),
  gas: 0,
  check: () => undefined,
  execute(host, { agreement: id }, sender) {
    const before = inState(host, id, ACTIVE)
    checkBuyer(before, sender)
    const agreement = accrue(before, now(host))
    if (!concludeIfDue(host, id, agreement, sender)) endEarly(host, id, agreement)
  },
}

/** Agreements of storage: receipts, inspections, instalments, breach and end. */
export const agreements: Module = {
  id: AGREEMENTS,
  name: 'agreements',
  methods: [activate, cancel, prove, settle, end],
  events: [...recordEvents, activeEvent, ...settlementEvents],
  endBlock: forgetClosed,
}

function now(host: Host): number {
  return serviceTime(host, host.block.timeMs)
}

function inState(host: Host, id: number, state: number): Agreement {
  const agreement = getAgreement(host, id)
  if (agreement === undefined) throw new SmartshareError('AGREEMENT_UNKNOWN', `there is no agreement ${id}`)
  if (agreement.state !== state) {
    throw new SmartshareError('AGREEMENT_STATE', `agreement ${id} is not in the state for this call`, {
      state: agreement.state,
    })
  }
  return agreement
}

function checkBuyer({ buyer }: Agreement, sender: Uint8Array): void {
  if (!equalBytes(buyer, sender)) throw new SmartshareError('AGREEMENT_PARTY', 'only the buyer may do this')
}

function checkReceipt(host: Host, agreement: Agreement, args: ActivateArguments): void {
  const { root, sizeBytes, signatures } = args
  const fail = (why: string) => new SmartshareError('AGREEMENT_RECEIPT', why)
  if (sizeBytes !== agreement.sizeBytes) throw fail(`the lot has ${agreement.sizeBytes} bytes, not ${sizeBytes}`)
  const { provider } = agreement
  if (!mayAct(getAccount(host, provider), provider, provider, signatures)) {
    throw fail('these keys may not act for the provider')
  }
  host.gas.charge(GAS.verify * signatures.length)
  const signed = storageReceiptHash(host.block.chainId, { agreement: args.agreement, root, sizeBytes })
  for (const { key, signature } of signatures) {
    if (!verify(key, signed, signature)) throw fail('a signature of the receipt does not hold')
  }
}

/** Draws, segments and nodes: at most one hash each per level for every sibling, and as many again where paths meet. */
function chargeHashing(host: Host, { segments }: Agreement, segmentBytes: number, siblingBytes: number): void {
  const nodes = siblingBytes / NODE_BYTES + (2 * segmentBytes) / SEGMENT_BYTES
  host.gas.charge(GAS.hash * Math.ceil(segments + nodes))
}
