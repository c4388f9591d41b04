import { type Certificate, encodeCertificate, encodeHeader, type Header } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, parseAddress } from '@smartshare/crypto'
import {
  checkFinal,
  encodeHandOver,
  firstState,
  handOverAll,
  type LightRules,
  type LightState,
} from '@smartshare/light'
import { chainIdOf, firstSet, type Genesis } from '@smartshare/runtime'
import { bytesOfBase64 } from '../rpc/base64.ts'
import type { RpcClient } from '../rpc/rpc-client.ts'

/** Terms that may lie between what is known and what is asked. */
export const MAX_TERMS = 10_000
const MAX_KEPT_TERMS = 1000

/** What a light client knows of a network whose genesis record it has checked against the chain id, and no more. */
export function genesisState(genesis: Genesis): LightState {
  return firstState(chainIdOf(genesis), firstSet(genesis), genesis.timeMs)
}

/** A hand-over as nodes tell it. */
export interface HandOverAnswer {
  readonly members: readonly { readonly address: string; readonly key: string }[]
  readonly header: { readonly encoded: string }
  readonly certificate: { readonly encoded: string }
}

/** The record of docs/spec/light.md §5 that spells out the whole set. Throws ADDRESS_*, HEX_INVALID or RPC_ANSWER. */
export function handOverRecord({ members, header, certificate }: HandOverAnswer): Uint8Array {
  return encodeHandOver({
    version: 1,
    header: bytesOfBase64(header.encoded),
    certificate: bytesOfBase64(certificate.encoded),
    members: members.map(({ address, key }) => ({ address: parseAddress(address), key: fromHex(key) })),
  })
}

/** What a client believes: the states of a light client in the terms that it has been through, the latest MAX_KEPT_TERMS. */
export class Trust {
  readonly chainId: Uint8Array
  /** By term, ascending. */
  private readonly states: LightState[]

  constructor(first: LightState) {
    this.chainId = first.chainId
    this.states = [first]
  }

  /** The state of the latest term that is known. */
  get latest(): LightState {
    return this.states.at(-1) as LightState
  }

  /** The state of a term or, if it is not known, of the nearest one before, from which hand-overs lead to it. */
  at(term: number): LightState {
    return this.states.findLast((state) => state.term <= term) ?? (this.states[0] as LightState)
  }

  /** Keeps what a check has found out. */
  take(state: LightState): void {
    const place = this.states.findLastIndex(({ term }) => term <= state.term)
    const known = this.states[place]
    if (known?.term !== state.term) this.states.splice(place + 1, 0, state)
    else if (known.height < state.height) this.states[place] = state
    if (this.states.length > MAX_KEPT_TERMS) this.states.shift()
  }

  /** Learns the sets up to a term from a node, each checked by the one before. Throws LIGHT_*, PROOF_* or RPC_*. */
  async catchUp(rpc: RpcClient, term: number, rules: LightRules): Promise<void> {
    let state = this.at(term)
    if (term - state.term > MAX_TERMS) {
      throw new SmartshareError('LIGHT_LIMIT', 'the node speaks of a term that is too far ahead', { term })
    }
    while (state.term < term) {
      const answer = await rpc.handOver(state.term + 1)
      state = handOverAll(state, [handOverRecord(answer)], rules)
      this.take(state)
    }
  }

  /** Checks that a quorum of its term made a header final. Throws LIGHT_* or PROOF_*. */
  checkFinal(header: Header, certificate: Certificate, rules: LightRules): void {
    const state = this.at(header.term)
    this.take(checkFinal(state, encodeHeader(header), encodeCertificate(certificate), rules).state)
  }
}
