import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verify } from '@smartshare/crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DOMAINS, type Domain } from './element.ts'
import { attestedHash, SoftwareElement } from './software-element.ts'

const secret = new Uint8Array(32).fill(7)
let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'smartshare-element-'))
})
afterEach(() => rm(dir, { recursive: true }))

describe('the software element', () => {
  it('keeps its identity under the secret of the wallet, and says level 0', async () => {
    const element = await SoftwareElement.open(dir, secret)
    const again = await SoftwareElement.open(dir, secret)
    expect(await again.publicKey('identity')).toEqual(await element.publicKey('identity'))
    expect(await again.info()).toEqual(await element.info())
    expect((await element.info()).level).toBe(0)
    for (const name of await readdir(dir)) expect((await stat(join(dir, name))).mode & 0o077).toBe(0)
  })

  it('does not open with another secret or changed, and is not replaced by a new one', async () => {
    await SoftwareElement.open(dir, secret)
    const sealed = await readFile(join(dir, 'element.key'))
    const refused = expect.objectContaining({ code: 'ELEMENT_SEALED' })
    await expect(SoftwareElement.open(dir, new Uint8Array(32))).rejects.toEqual(refused)
    for (const changed of [sealed.subarray(0, 10), Buffer.concat([sealed, sealed])]) {
      await writeFile(join(dir, 'element.key'), changed)
      await expect(SoftwareElement.open(dir, secret)).rejects.toEqual(refused)
    }
    expect((await readFile(join(dir, 'element.key'))).length).toBe(sealed.length * 2)
  })

  it('signs for its purposes, each apart from the others, and for nothing else', async () => {
    const element = await SoftwareElement.open(dir, secret)
    const bytes = new Uint8Array(10)
    const signatures = await Promise.all(DOMAINS.map((domain) => element.sign('identity', domain, bytes)))
    expect(new Set(signatures.map((signature) => Buffer.from(signature).toString('hex'))).size).toBe(DOMAINS.length)
    for (const domain of ['', 'vote', 'meter '] as unknown as Domain[]) {
      await expect(element.sign('identity', domain, bytes)).rejects.toMatchObject({ code: 'ELEMENT_DOMAIN' })
    }
    await expect(element.sign('other', 'tx', bytes)).rejects.toMatchObject({ code: 'ELEMENT_SLOT' })
    await expect(element.publicKey('other')).rejects.toMatchObject({ code: 'ELEMENT_SLOT' })
  })

  it('attests itself to a nonce that nobody could know before', async () => {
    const element = await SoftwareElement.open(dir, secret)
    const nonce = new Uint8Array(32).fill(3)
    const attestation = await element.attest(nonce)
    expect(verify(attestation.publicKey, attestedHash(attestation), attestation.signature)).toBe(true)
    const forged = { ...attestation, info: { ...attestation.info, level: 1 } }
    expect(verify(attestation.publicKey, attestedHash(forged), attestation.signature)).toBe(false)
    await expect(element.attest(new Uint8Array(8))).rejects.toMatchObject({ code: 'ELEMENT_NONCE' })
    await expect(element.attest(new Uint8Array(65))).rejects.toMatchObject({ code: 'ELEMENT_NONCE' })
  })

  it('counts up and never gives a number twice, also after it is opened again and with many askers', async () => {
    const element = await SoftwareElement.open(dir, secret)
    const first = await Promise.all(Array.from({ length: 20 }, () => element.nextCounter('meter')))
    const again = await SoftwareElement.open(dir, secret)
    const later = [await again.nextCounter('meter'), await again.nextCounter('meter'), await again.nextCounter('tx')]
    expect(first).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(later).toEqual([21, 22, 1])
    for (let i = 0; i < 62; i++) await again.nextCounter(`counter ${i}`)
    await expect(again.nextCounter('one more')).rejects.toMatchObject({ code: 'ELEMENT_COUNTER' })
  })
})
