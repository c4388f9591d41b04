import type { Logger } from 'pino'
import type { NodeConfig } from '../config.ts'
import { KeySigner, type Signer } from './key-signer.ts'
import { RemoteSigner } from './remote-signer.ts'

/** How long a node that starts waits for its signer. */
const PATIENCE_MS = 30_000

/**
 * The signer that a node's settings name; null for a node that only follows. `mayHaveSigned`: the node has run before, so
 * promises that are missing are lost. Throws SIGNER_* or STORE_*.
 */
export async function openSigner(
  { delegate }: Pick<NodeConfig, 'delegate'>,
  { chainId, mayHaveSigned, log }: { chainId: Uint8Array; mayHaveSigned: boolean; log: Logger },
): Promise<Signer | null> {
  if (delegate === null) return null
  if ('socket' in delegate) {
    return RemoteSigner.connect({ socket: delegate.socket, chainId, log, patienceMs: PATIENCE_MS })
  }
  const { key, promises: folder } = delegate
  const signer = await KeySigner.open({ key, chainId, folder, mayHaveSigned, now: () => Date.now() })
  if (signer.isSilent) log.warn('promises of this delegate may be lost: it signs nothing before the next term')
  return signer
}
