import { mkdirSync } from 'node:fs'
import { type QuarantineSubject, quarantineStatementHash } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { type SignRequest, signedHash } from '@smartshare/consensus'
import { bls } from '@smartshare/crypto'
import { type FolderLock, lockFolder } from '@smartshare/link/folder-lock'
import { nodeDisk, VoteLog } from '@smartshare/store'
import { type DelegateProof, type Ends, proveDelegate } from '../peers/handshake.ts'
import { KEPT_SLOTS, SigningRules } from './signing-rules.ts'

/** How far clocks of delegates may lie apart: a term that stands on a later block began after promises were lost. */
const MOST_DRIFT_MS = 10_000
/** Records since the last compaction after which the log is compacted again: a slot has at most four. */
const COMPACT_RECORDS = 8 * KEPT_SLOTS

/** Whoever signs for a delegate. */
export interface Signer {
  readonly address: Uint8Array
  readonly publicKey: Uint8Array
  /** Why it cannot sign now, for people; undefined while it can. */
  readonly problem: string | undefined
  /** A signature, however late. Rejects with SIGNER_* if it is refused, with STORE_* or LOG_* if the disk fails. */
  sign(request: SignRequest): Promise<Uint8Array>
  /** Attests that a transaction killed the machine; nothing that can be signed contradicts it. */
  attest(subject: QuarantineSubject): Promise<Uint8Array>
  /** Shows a peer that this end of a link is the delegate's. */
  proveLink(nonce: Uint8Array, ends: Ends): Promise<DelegateProof>
  close(): Promise<void>
}

/** The account of a delegate and its BLS secret. */
export interface DelegateKey {
  readonly address: Uint8Array
  readonly secret: Uint8Array
}

export interface KeySignerOptions {
  readonly key: DelegateKey
  readonly chainId: Uint8Array
  /** Folder of the promises; used by this process alone. */
  readonly folder: string
  /** The key may have signed before: promises that are missing then are lost. */
  readonly mayHaveSigned: boolean
  readonly now: () => number
}

/**
 * Holds the key, and what was promised with it in a log that is on disk before a signature goes out: in the node itself
 * or in a process of its own.
 */
export class KeySigner implements Signer {
  readonly publicKey: Uint8Array
  readonly problem = undefined
  /** True if promises were lost: it is silent until the next term. */
  readonly isSilent: boolean
  private readonly key: DelegateKey
  private readonly chainId: Uint8Array
  private readonly lock: FolderLock
  private readonly log: VoteLog
  private readonly rules: SigningRules
  private written = 0
  private closing: Promise<void> | undefined

  /** Throws SIGNER_LOCKED if another process signs by this folder, STORE_OTHER_GENESIS, STORE_* or FOLDER_LOCK. */
  static async open(options: KeySignerOptions): Promise<KeySigner> {
    const { folder, chainId, mayHaveSigned, now } = options
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const lock = await lockFolder(folder, {
      code: 'SIGNER_LOCKED',
      message: 'Another process signs with this key',
    })
    try {
      const opened = await VoteLog.open(nodeDisk, folder, chainId, mayHaveSigned)
      const rules = SigningRules.read(opened.records)
      const isSilent = opened.damage !== undefined
      if (isSilent) rules.silence(now() + MOST_DRIFT_MS)
      try {
        await opened.log.rewrite(rules.records())
      } catch (error) {
        await opened.log.close().catch(() => undefined)
        throw error
      }
      return new KeySigner(options, lock, opened.log, rules, isSilent)
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  private constructor(
    { key, chainId }: KeySignerOptions,
    lock: FolderLock,
    log: VoteLog,
    rules: SigningRules,
    isSilent: boolean,
  ) {
    this.key = key
    this.chainId = chainId
    this.lock = lock
    this.log = log
    this.rules = rules
    this.isSilent = isSilent
    this.publicKey = bls.publicKey(key.secret)
  }

  get address(): Uint8Array {
    return this.key.address
  }

  async sign(request: SignRequest): Promise<Uint8Array> {
    if (request.type === 'statement') {
      // Written also if it was promised before: the first record may still be on its way to the disk.
      const record = this.rules.promise(request)
      this.written += 1
      await this.log.append([record])
      if (this.written > COMPACT_RECORDS) {
        this.written = 0
        await this.log.rewrite(this.rules.records())
      }
    }
    return bls.sign(this.key.secret, signedHash(this.chainId, request))
  }

  async attest(subject: QuarantineSubject): Promise<Uint8Array> {
    return bls.sign(this.key.secret, quarantineStatementHash(this.chainId, subject))
  }

  async proveLink(nonce: Uint8Array, ends: Ends): Promise<DelegateProof> {
    return proveDelegate(this.key, this.chainId, nonce, ends)
  }

  /** Safe to call twice. */
  close(): Promise<void> {
    this.closing ??= this.log.close().finally(() => this.lock.release())
    return this.closing
  }
}

/** True for what a signer refuses, as against what keeps it from signing. */
export function isRefusal(error: unknown): error is SmartshareError {
  return SmartshareError.is(error) && error.code.startsWith('SIGNER_')
}
