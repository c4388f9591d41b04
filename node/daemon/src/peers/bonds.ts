import { readFile, rename, writeFile } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'
import { join } from 'node:path'
import type { Link } from '@smartshare/link'
import type { Logger } from 'pino'

/** Addresses of delegates that are remembered over a restart. */
const MOST_ANCHORS = 32
const MAX_ANCHOR_CHARS = 256
const FILE = 'anchors.json'
/** Addresses of one delegate that are kept connected: it may tell any. */
const ADDRESSES_EACH = 2

export interface BondParts {
  readonly link: Pick<Link, 'protect' | 'unprotect' | 'addressesOf' | 'keepConnected'>
  /** Where anchors are remembered. */
  readonly dataDir: string
  /** True if other nodes may well be at addresses that only this machine or house knows. */
  readonly localNetwork: boolean
  readonly log: Logger
}

/**
 * Holds on to delegates: whoever proved to be one is dialled again when the connection is lost, never cut to make room for
 * another, and remembered over restarts. So a node that was once connected well cannot be walled in afterwards by those
 * who fill its places, or by the failure of the few peers in its settings.
 */
export class Bonds {
  private readonly parts: BondParts
  /** Addresses by peer; and how to let go of them. */
  private readonly held = new Map<string, { addresses: readonly string[]; release: () => void }>()
  private readonly wanted = new Set<string>()
  private writing: Promise<void> = Promise.resolve()
  private closed = false
  private anchors = 0

  constructor(parts: BondParts) {
    this.parts = parts
  }

  /** Delegates whose addresses are remembered. */
  get remembered(): number {
    return this.anchors
  }

  /** Dials those remembered from before. */
  async recall(): Promise<void> {
    const anchors = await readAnchors(this.parts.dataDir)
    if (anchors.length === 0 || this.closed) return
    try {
      this.parts.link.keepConnected(anchors.filter((address) => this.mayDial(address)))
    } catch (error) {
      this.parts.log.warn({ err: error }, 'delegates remembered from before cannot be dialled')
    }
  }

  /** The peer has proved to be a delegate of the running or the next term. */
  hold(peer: string): void {
    if (this.wanted.has(peer)) return
    this.wanted.add(peer)
    this.parts.link.protect(peer)
  }

  /** The peer is no delegate any more, or gone for good. */
  release(peer: string): void {
    if (!this.wanted.delete(peer)) return
    this.parts.link.unprotect(peer)
    this.held.get(peer)?.release()
    this.held.delete(peer)
  }

  /** Learns addresses of delegates that have told them by now or moved, and remembers them. */
  async refresh(): Promise<void> {
    let isNew = false
    for (const peer of [...this.wanted]) {
      const all = await this.parts.link.addressesOf(peer)
      const addresses = all.filter((address) => this.mayDial(address)).slice(0, ADDRESSES_EACH)
      const before = this.held.get(peer)
      if (addresses.length === 0 || before?.addresses.join() === addresses.join()) continue
      if (!this.wanted.has(peer) || this.closed) continue
      try {
        this.held.set(peer, { addresses, release: this.parts.link.keepConnected(addresses) })
        before?.release()
        isNew = true
      } catch (error) {
        this.parts.log.debug({ peer, err: error }, 'a delegate is not kept connected')
      }
    }
    if (isNew) await this.remember()
  }

  async close(): Promise<void> {
    this.closed = true
    await this.writing
  }

  private async remember(): Promise<void> {
    const anchors = [...this.held.values()].flatMap(({ addresses }) => addresses).slice(-MOST_ANCHORS)
    this.writing = this.writing.then(async () => {
      const path = join(this.parts.dataDir, FILE)
      try {
        await writeFile(`${path}.tmp`, JSON.stringify(anchors))
        await rename(`${path}.tmp`, path)
        this.anchors = this.held.size
      } catch (error) {
        // The next start goes without: the settings name peers, too.
        this.parts.log.warn({ err: error }, 'addresses of delegates cannot be remembered')
      }
    })
    await this.writing
  }

  /** Nobody can make this node knock at doors inside its own house. */
  private mayDial(address: string): boolean {
    const [, kind = '', host = ''] = address.split('/')
    if (this.parts.localNetwork) return true
    if (kind === 'ip4' || kind === 'ip6')
      return isIP(host) !== 0 && !PRIVATE.check(host, kind === 'ip4' ? 'ipv4' : 'ipv6')
    return kind.startsWith('dns')
  }
}

/** Addresses that mean another machine in every house (RFC 6890). */
const PRIVATE = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv4')
}
for (const [net, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv6')
}

/** What a restart finds; nothing if there is none or somebody has written other things there. */
async function readAnchors(dataDir: string): Promise<string[]> {
  try {
    const found: unknown = JSON.parse(await readFile(join(dataDir, FILE), 'utf8'))
    if (!Array.isArray(found)) return []
    return found
      .filter((one): one is string => typeof one === 'string' && one.length <= MAX_ANCHOR_CHARS)
      .slice(0, MOST_ANCHORS)
  } catch {
    return []
  }
}
