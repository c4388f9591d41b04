import { fromHex, toHex } from '@smartshare/crypto'
import { codeHashOf } from '@smartshare/runtime'
import type { z } from 'zod'
import { base64OfBytes, bytesOfBase64 } from './base64.ts'
import * as answers from './contract-answers.ts'
import type { HttpTransport } from './transport.ts'

const PAGE = 100

/** A source with its hash, and whether that is the hash of the contract's record. */
export interface ContractSource {
  readonly source: Uint8Array
  readonly version: number
  readonly codeHash: string
  readonly isVerified: boolean
}

/** Which heavy calls are asked for: of one contract, in one state. */
export interface JobQuery {
  readonly contract?: string
  readonly state?: answers.ContractJob['state']
}

/** Questions about contracts. */
export class ContractClient {
  private readonly transport: HttpTransport

  constructor(transport: HttpTransport) {
    this.transport = transport
  }

  /** Throws CONTRACT_UNKNOWN. */
  get(address: string) {
    return this.transport.call({ method: 'contract_get', params: { address }, answer: answers.contractAnswer })
  }

  /** The source, hashed here and compared with what the node says that the record holds. Throws CONTRACT_UNKNOWN. */
  async source(address: string): Promise<ContractSource> {
    const call = { method: 'contract_source', params: { address }, answer: answers.sourceAnswer }
    const { source: text, version, codeHash } = await this.transport.call(call)
    const source = bytesOfBase64(text)
    return { source, version, codeHash, isVerified: toHex(codeHashOf(source)) === codeHash }
  }

  /** Contracts in the order of their publishing, from a number on. */
  list(from = 0, limit = PAGE) {
    return this.transport.call({
      method: 'contract_list',
      params: { from, limit },
      answer: answers.contractsAnswer,
    })
  }

  /** Asks a view; arguments and result as JSON by the types of the ABI. Throws CONTRACT_*, ABI_VALUE. */
  view(address: string, method: string, args: unknown, caller?: string) {
    const params = { address, method, args, ...(caller === undefined ? {} : { caller }) }
    return this.transport.call({ method: 'contract_view', params, answer: answers.viewAnswer })
  }

  /** A page of what a contract stores, after the raw key of the last entry seen. */
  state(address: string, { after, limit = PAGE }: { after?: string; limit?: number } = {}) {
    const params = { address, limit, ...(after === undefined ? {} : { after: toHex(fromHex(after)) }) }
    return this.transport.call({ method: 'contract_state', params, answer: answers.entriesAnswer })
  }

  /** Heavy calls that are not done, in the order of their numbers, page by page. Throws CONTRACT_UNKNOWN. */
  async *jobs(wanted: JobQuery = {}): AsyncGenerator<answers.ContractJob> {
    for (let from: number | null = 0; from !== null; ) {
      const page: z.output<typeof answers.jobsAnswer> = await this.transport.call({
        method: 'contract_jobs',
        params: { ...wanted, from, limit: PAGE },
        answer: answers.jobsAnswer,
      })
      yield* page.jobs
      from = page.next
    }
  }

  /** What a source would offer. Throws CONTRACT_SOURCE with what is wrong and where. */
  check(source: Uint8Array) {
    const params = { source: base64OfBytes(source) }
    return this.transport.call({ method: 'contract_check', params, answer: answers.checkAnswer })
  }
}
