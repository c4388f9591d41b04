import { X509Certificate } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { addressOf, codeOf, Links, seedOf, until } from './link-fixture.ts'
import { makeTlsIdentity, peerOfCertificate } from './tls-certificate.ts'

const links = new Links()
afterEach(() => links.close())

const key = await generateKeyPairFromSeed('Ed25519', seedOf('certificate'))
const identity = await makeTlsIdentity(key)

/** A host put together from the published parts of libp2p, as others run it. */
async function foreignHost(encryption: 'tls' | 'noise') {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [encryption === 'tls' ? tls() : noise()],
    streamMuxers: [yamux()],
  })
}

describe('TLS between peers', () => {
  it.each(['tls', 'noise'] as const)(
    'is spoken with the published libp2p (%s), dialled from either side',
    async (encryption) => {
      const foreign = await foreignHost(encryption)
      const link = await links.make('ours')
      try {
        const [foreignAddress] = foreign.getMultiaddrs()
        const peer = await link.dial(String(foreignAddress))
        expect(peer).toBe(foreign.peerId.toString())
        await link.disconnect(peer)
        await until(() => foreign.getConnections().length === 0)
        const connection = await foreign.dial(multiaddr(addressOf(link)))
        expect(connection.remotePeer.toString()).toBe(link.peerId)
        expect(connection.encryption).toBe(encryption === 'tls' ? '/tls/1.0.0' : '/noise')
        expect(connection.multiplexer).toBe('/yamux/1.0.0')
      } finally {
        await foreign.stop()
      }
    },
  )

  it('is preferred between links, and fails when another peer answers than was asked for', async () => {
    const [one, two] = [await links.make('one'), await links.make('two')]
    const wrong = addressOf(one).replace(one.peerId, peerIdFromPrivateKey(key).toString())
    await expect(two.dial(wrong)).rejects.toMatchObject({ code: 'LINK_DIAL_FAILED' })
    expect(two.peers()).toEqual([])
    await two.dial(addressOf(one))
    expect(two.peers()).toEqual([one.peerId])
  })
})

describe('a certificate of a peer', () => {
  it('names the peer whose key vouched for it', async () => {
    const peer = await peerOfCertificate(new X509Certificate(identity.cert), Date.now())
    expect(peer.toString()).toBe(peerIdFromPrivateKey(key).toString())
  })

  it('is refused outside its time', async () => {
    const certificate = new X509Certificate(identity.cert)
    const late = peerOfCertificate(certificate, Date.parse('2100-01-01'))
    await expect(late).rejects.toMatchObject({ code: 'LINK_BAD_CERTIFICATE' })
  })

  it('is refused when any byte of it was changed', async () => {
    const { raw } = new X509Certificate(identity.cert)
    const expected = peerIdFromPrivateKey(key).toString()
    await fc.assert(
      fc.asyncProperty(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(raw)
        bytes[at] = (bytes[at] ?? 0) ^ change
        let certificate: X509Certificate
        try {
          certificate = new X509Certificate(bytes)
        } catch {
          return
        }
        const result = await peerOfCertificate(certificate, Date.now()).then(
          (peer) => peer.toString(),
          () => 'refused',
        )
        // Bits that say nothing (unused ones in a length) may change, but never who the peer is.
        expect(['refused', expected]).toContain(result)
      }),
      { numRuns: 600 },
    )
  })

  it('is refused when another key signed in the name of the peer', async () => {
    const forged = { ...nameOf(key), sign: (bytes: Uint8Array) => thief.sign(bytes) } as PrivateKey
    expect(await verdict(forged)).toBe('LINK_BAD_CERTIFICATE')
  })

  it('is refused when the peer vouched for another key than its own', async () => {
    const vouchedBefore = await key.sign(Buffer.from('libp2p-tls-handshake:another key'))
    const forged = { ...nameOf(key), sign: () => vouchedBefore } as unknown as PrivateKey
    expect(await verdict(forged)).toBe('LINK_BAD_CERTIFICATE')
    const honest = { ...nameOf(key), sign: (bytes: Uint8Array) => key.sign(bytes) } as PrivateKey
    expect(await verdict(honest)).toBe('none')
  })
})

const thief = await generateKeyPairFromSeed('Ed25519', seedOf('thief'))

function nameOf({ type, publicKey }: PrivateKey): Partial<PrivateKey> {
  return { type, publicKey } as Partial<PrivateKey>
}

/** The code with which a certificate, well-formed and signed by its own key, is refused. */
async function verdict(peerKey: PrivateKey): Promise<string> {
  const { cert } = await makeTlsIdentity(peerKey)
  return codeOf(peerOfCertificate(new X509Certificate(cert), Date.now()))
}
