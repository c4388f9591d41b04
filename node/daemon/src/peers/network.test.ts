import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { bls, sha256, toHex } from '@smartshare/crypto'
import { createLink, type Link, LOCAL_NETWORK_LIMITS } from '@smartshare/link'
import pino from 'pino'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type Ends, proveDelegate } from './handshake.ts'
import { Network, TRANSACTIONS_TOPIC } from './network.ts'

const PATIENCE = { timeout: 20_000, interval: 20 }
const utf8 = new TextEncoder()
const chainId = new Uint8Array(32).fill(7)
const secret = bls.secretFromSeed(sha256(utf8.encode('delegate')))
const address = new Uint8Array(32).fill(3)

const dataDir = mkdtempSync(join(tmpdir(), 'network-'))
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

/** Of the delegate, whoever uses it. */
const proveLink = async (nonce: Uint8Array, ends: Ends) => proveDelegate({ address, secret }, chainId, nonce, ends)

const open: { link: Link; network: Network }[] = []
afterEach(async () => {
  for (const { link, network } of open.splice(0)) {
    await network.close()
    await link.close()
  }
})

/** A network of its own; `known`: BLS keys of delegates by address, as far as this node knows them yet. */
async function networkOf(
  name: string,
  options: {
    isDelegate?: boolean
    known?: Map<string, Uint8Array>
    onAttestation?: (said: Uint8Array) => boolean
  } = {},
) {
  const link = await createLink({
    privateKeySeed: sha256(utf8.encode(name)),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    localNetwork: true,
    limits: LOCAL_NETWORK_LIMITS,
    gossip: { topics: [TRANSACTIONS_TOPIC] },
  })
  const network = await Network.start({
    link,
    chainId,
    dataDir,
    localNetwork: true,
    identity: options.isDelegate ? { proveLink } : null,
    log: pino({ level: 'silent' }),
    delegateKey: (asked) => options.known?.get(toHex(asked)),
    onMessage: () => undefined,
    onTransactions: async () => 'accept',
    onAttestation: options.onAttestation ?? (() => false),
    transactionOf: () => undefined,
  })
  const made = { link, network }
  open.push(made)
  return made
}

describe('Network', () => {
  it('knows a delegate by its proof', async () => {
    const known = new Map([[toHex(address), bls.publicKey(secret)]])
    const node = await networkOf('node', { known })
    const delegate = await networkOf('delegate', { isDelegate: true })
    await node.link.dial(delegate.link.addresses[0] as string)
    await expect.poll(() => node.network.peers()[0]?.delegate, PATIENCE).toBe(toHex(address))
    expect(delegate.network.peers()[0]?.delegate).toBe(null)
  })

  it('knows a delegate also if it was connected before it was elected', async () => {
    const known = new Map<string, Uint8Array>()
    const node = await networkOf('node', { known })
    const delegate = await networkOf('delegate', { isDelegate: true })
    await node.link.dial(delegate.link.addresses[0] as string)
    await expect.poll(() => node.network.peers().length, PATIENCE).toBe(1)
    await expect
      .poll(() => {
        node.network.recogniseAll()
        return node.network.peers()[0]?.delegate
      }, PATIENCE)
      .toBe(null)
    known.set(toHex(address), bls.publicKey(secret))
    await expect
      .poll(() => {
        node.network.recogniseAll()
        return node.network.peers()[0]?.delegate
      }, PATIENCE)
      .toBe(toHex(address))
  })

  it('passes attestations on once, not back to where they came from, and bans in the end who sends false ones', async () => {
    const heard: Record<string, string[]> = { a: [], b: [], c: [] }
    const listener = (name: string) => (said: Uint8Array) => {
      const text = Buffer.from(said).toString()
      if (text.startsWith('false')) throw new SmartshareError('NETWORK_ATTESTATION', 'a false attestation')
      const isNew = !heard[name]!.includes(text)
      heard[name]!.push(text)
      return isNew
    }
    const [a, b, c] = await Promise.all(
      ['a', 'b', 'c'].map((name) => networkOf(name, { onAttestation: listener(name) })),
    )
    await a!.link.dial(b!.link.addresses[0] as string)
    await b!.link.dial(c!.link.addresses[0] as string)
    await expect.poll(() => [a, b, c].map((one) => one!.network.peers().length), PATIENCE).toEqual([1, 2, 1])
    a!.network.sendAttestation(utf8.encode('one'))
    a!.network.sendAttestation(utf8.encode('one'))
    a!.network.sendAttestation(utf8.encode('two'))
    await expect.poll(() => heard.c, PATIENCE).toEqual(['one', 'two'])
    expect(heard).toMatchObject({ a: [], b: ['one', 'one', 'two'] })
    await expect
      .poll(() => {
        a!.network.sendAttestation(utf8.encode('false'))
        return b!.link.isBanned(a!.link.peerId)
      }, PATIENCE)
      .toBe(true)
    expect(b!.link.isBanned(c!.link.peerId)).toBe(false)
  })

  it('believes nobody who only has the address of a delegate', async () => {
    const other = bls.publicKey(bls.secretFromSeed(sha256(utf8.encode('another key'))))
    const node = await networkOf('node', { known: new Map([[toHex(address), other]]) })
    const liar = await networkOf('liar', { isDelegate: true })
    await liar.link.dial(node.link.addresses[0] as string)
    await expect.poll(() => node.network.peers().length, PATIENCE).toBe(1)
    // It says its proof right after its greeting: what it says after that has come means that the proof has too.
    liar.network.send('all', { type: 'certificates', certificates: [] })
    node.network.recogniseAll()
    expect(node.network.peers()[0]?.delegate).toBe(null)
  })
})
