import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { DataTreeBuilder } from '@smartshare/crypto'

const MIB = 2 ** 20
/** Written bytes after which the floor makes them durable, as providers do. */
const SYNC_BYTES = 16 * MIB

/**
 * What storing costs at the least on this machine: encrypt once, give every copy its own cipher, hash and write it, durable
 * like a provider's; one process, no network, no second hashing. Returns milliseconds.
 */
export function floorOfPut(path: string, bytes: number, copies: number): number {
  const source = openSync(path, 'r')
  const keys = Array.from({ length: copies + 1 }, () => randomBytes(32))
  const targets = Array.from({ length: copies }, (_, i) => `${path}.floor-${i}`)
  const files = targets.map((target) => openSync(target, 'w'))
  const trees = targets.map(() => new DataTreeBuilder())
  const startMs = performance.now()
  const plain = Buffer.alloc(MIB)
  for (let at = 0; at < bytes; at += MIB) {
    const length = readSync(source, plain, 0, MIB, at)
    const seal = createCipheriv('aes-256-gcm', keys[copies] as Buffer, nonce(at / MIB, 12))
    const sealed = seal.update(plain.subarray(0, length))
    seal.final()
    for (const [i, file] of files.entries()) {
      const own = createCipheriv('aes-256-ctr', keys[i] as Buffer, nonce(at / 16, 16)).update(sealed)
      trees[i]?.update(own)
      writeSync(file, own, 0, own.length, at)
      if ((at + MIB) % SYNC_BYTES === 0) fdatasyncSync(file)
    }
  }
  for (const [i, file] of files.entries()) {
    trees[i]?.finish()
    fdatasyncSync(file)
  }
  const tookMs = performance.now() - startMs
  for (const file of [source, ...files]) closeSync(file)
  for (const target of targets) rmSync(target)
  return tookMs
}

/** What reading costs at the least: read one copy, take off both ciphers, write. Returns milliseconds. */
export function floorOfGet(path: string, bytes: number): number {
  const source = openSync(path, 'r')
  const target = `${path}.floor`
  const file = openSync(target, 'w')
  const key = randomBytes(32)
  const startMs = performance.now()
  const sealed = Buffer.alloc(MIB)
  for (let at = 0; at < bytes; at += MIB) {
    const length = readSync(source, sealed, 0, MIB, at)
    const inner = createCipheriv('aes-256-ctr', key, nonce(at / 16, 16)).update(sealed.subarray(0, length))
    const plain = createDecipheriv('aes-256-gcm', key, nonce(at / MIB, 12)).update(inner)
    writeSync(file, plain, 0, plain.length, at)
  }
  fdatasyncSync(file)
  const tookMs = performance.now() - startMs
  closeSync(source)
  closeSync(file)
  rmSync(target)
  return tookMs
}

function nonce(counter: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.writeUInt32BE(counter, length - 4)
  return bytes
}
