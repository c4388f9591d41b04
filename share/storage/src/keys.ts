import { hkdfSync } from 'node:crypto'
import { SmartshareError } from '@smartshare/codec'
import { concatBytes } from '@smartshare/crypto'

/** Bytes of the names of objects and copies. */
export const ID_BYTES = 16
const SECRET_BYTES = 32
const KEY_BYTES = 32
const NONCE_PREFIX_BYTES = 7
const COUNTER_BYTES = 16

/** What seals the chunks of one object: the same for all its copies. */
export interface ObjectKey {
  /** AES-256-GCM key, 32 bytes. */
  readonly key: Uint8Array
  /** First 7 bytes of every nonce. */
  readonly noncePrefix: Uint8Array
}

/** What makes one copy look like no other: the outer cipher. */
export interface CopyKey {
  /** AES-256-CTR key, 32 bytes. */
  readonly key: Uint8Array
  /** Counter block of offset 0, 16 bytes. */
  readonly counter: Uint8Array
}

/**
 * Derives the keys of an owner's objects by HKDF-SHA-256 (RFC 5869) from one secret, so that whoever has the wallet can
 * read everything again, and a key given away opens one object or one copy only.
 */
export class OwnerKeys {
  readonly #secret: Uint8Array

  /** `secret`: 32 bytes that follow from the wallet alone. Throws STORAGE_SECRET. */
  constructor(secret: Uint8Array) {
    if (secret.length !== SECRET_BYTES) throw new SmartshareError('STORAGE_SECRET', 'an owner secret has 32 bytes')
    this.#secret = Uint8Array.from(secret)
  }

  object(object: Uint8Array): ObjectKey {
    const bytes = this.#derive('object', [object], KEY_BYTES + NONCE_PREFIX_BYTES)
    return { key: bytes.slice(0, KEY_BYTES), noncePrefix: bytes.slice(KEY_BYTES) }
  }

  copy(object: Uint8Array, copyId: Uint8Array): CopyKey {
    const bytes = this.#derive('copy', [object, copyId], KEY_BYTES + COUNTER_BYTES)
    return { key: bytes.slice(0, KEY_BYTES), counter: bytes.slice(KEY_BYTES) }
  }

  /** Key of the sealed metadata in the tender's memo. */
  memo(object: Uint8Array): Uint8Array {
    return this.#derive('memo', [object], KEY_BYTES)
  }

  #derive(purpose: string, ids: readonly Uint8Array[], length: number): Uint8Array {
    for (const id of ids) {
      if (id.length !== ID_BYTES) throw new SmartshareError('STORAGE_ID', 'objects and copies have names of 16 bytes')
    }
    return new Uint8Array(
      hkdfSync('sha256', this.#secret, concatBytes(...ids), `smartshare/storage/${purpose}`, length),
    )
  }
}
