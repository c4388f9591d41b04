import { createHash } from 'node:crypto'
import { createLink, type LinkOptions } from './create-link.ts'
import type { Link } from './link.ts'

// What the tests of this package share: links on loopback with ephemeral ports, and waiting without sleeping.

const WAIT_MS = 40_000
const POLL_MS = 5

export function seedOf(name: string): Uint8Array {
  return createHash('sha256').update(name).digest()
}

/** Links that are closed at the end of the test. */
export class Links {
  readonly #links: Link[] = []

  async make(name: string, options: Partial<LinkOptions> = {}): Promise<Link> {
    const link = await createLink({
      privateKeySeed: seedOf(name),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      localNetwork: true,
      ...options,
    })
    this.#links.push(link)
    return link
  }

  async pair(options: Partial<LinkOptions> = {}): Promise<{ asker: Link; answerer: Link }> {
    const asker = await this.make('asker', options)
    const answerer = await this.make('answerer', options)
    await asker.dial(addressOf(answerer))
    await until(() => answerer.isConnected(asker.peerId))
    return { asker, answerer }
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.splice(0).map((link) => link.close()))
  }
}

export function addressOf(link: Link): string {
  const [address] = link.addresses
  if (address === undefined) throw new Error('the link listens nowhere')
  return address
}

export function portOf(link: Link): number {
  return Number(/\/tcp\/(\d+)/.exec(addressOf(link))?.[1])
}

/** Resolves when the condition holds; fails after 40 s. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not reached in ${WAIT_MS} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** The code of the error that a promise ends with, or 'none'. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  )
}
