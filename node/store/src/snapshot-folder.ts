import { SmartshareError } from '@smartshare/codec'
import type { Disk } from './disk.ts'
import { writeWhole } from './segment.ts'
import {
  chunkFile,
  decodeManifest,
  encodeManifest,
  MANIFEST_FILE,
  MAX_CHUNK_BYTES,
  MAX_MANIFEST_BYTES,
  type Manifest,
} from './snapshot.ts'

const NAME = /^\d{12}$/

/** The snapshots of a node: a folder for each height. One without a manifest is unfinished and counts as none. */
export class SnapshotFolder {
  readonly #disk: Disk
  readonly #folder: string

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /** The folder of a height. */
  pathOf(height: number): string {
    return `${this.#folder}/${String(height).padStart(12, '0')}`
  }

  /** Heights of all finished snapshots, ascending. */
  async heights(): Promise<number[]> {
    const heights: number[] = []
    for (const name of await this.#disk.list(this.#folder)) {
      if (!NAME.test(name)) continue
      if ((await this.#disk.list(`${this.#folder}/${name}`)).includes(MANIFEST_FILE)) heights.push(Number(name))
    }
    return heights
  }

  /** An empty folder for a height, whatever was there before. */
  async begin(height: number): Promise<string> {
    await this.remove(height)
    const path = this.pathOf(height)
    await this.#disk.makeFolder(path)
    return path
  }

  /** The snapshot counts from here on. Its chunks must be durable. */
  async finish(manifest: Manifest): Promise<void> {
    await writeWhole(this.#disk, this.pathOf(manifest.height), MANIFEST_FILE, encodeManifest(manifest))
  }

  /** Undefined if there is no such snapshot. Throws SNAPSHOT_MANIFEST. */
  async manifest(height: number): Promise<Manifest | undefined> {
    const encoded = await this.#read(`${this.pathOf(height)}/${MANIFEST_FILE}`, MAX_MANIFEST_BYTES)
    return encoded === undefined ? undefined : decodeManifest(encoded)
  }

  /** The bytes of a chunk, unchecked; undefined if there is no such one. */
  chunk(height: number, index: number): Promise<Uint8Array | undefined> {
    return this.#read(`${this.pathOf(height)}/${chunkFile(index)}`, MAX_CHUNK_BYTES)
  }

  /** A small file beside the chunks; undefined if there is none. */
  file(height: number, name: string, mostBytes: number): Promise<Uint8Array | undefined> {
    return this.#read(`${this.pathOf(height)}/${name}`, mostBytes)
  }

  /** It is there as a whole or not at all. */
  writeFile(height: number, name: string, content: Uint8Array): Promise<void> {
    return writeWhole(this.#disk, this.pathOf(height), name, content)
  }

  /** Writes one chunk that was fetched; it is there as a whole or not at all. */
  writeChunk(height: number, index: number, content: Uint8Array): Promise<void> {
    return writeWhole(this.#disk, this.pathOf(height), chunkFile(index), content)
  }

  /** The manifest goes first, so that half a snapshot is never taken for a whole one. */
  async remove(height: number): Promise<void> {
    const path = this.pathOf(height)
    const names = await this.#disk.list(path)
    if (names.includes(MANIFEST_FILE)) {
      await this.#disk.remove(`${path}/${MANIFEST_FILE}`)
      await this.#disk.syncFolder(path)
    }
    for (const name of names) if (name !== MANIFEST_FILE) await this.#disk.remove(`${path}/${name}`)
    await this.#disk.removeFolder(path)
  }

  /** Removes what was not finished, and all but the last `keep` snapshots. */
  async tidy(keep: number, unfinished?: number): Promise<void> {
    const finished = await this.heights()
    const kept = new Set([...finished.slice(Math.max(0, finished.length - keep)), unfinished])
    for (const name of await this.#disk.list(this.#folder)) {
      if (NAME.test(name) && !kept.has(Number(name))) await this.remove(Number(name))
    }
  }

  async #read(path: string, mostBytes: number): Promise<Uint8Array | undefined> {
    try {
      const file = await this.#disk.open(path, false)
      try {
        return await file.read(0, Math.min(await file.size(), mostBytes + 1))
      } finally {
        await file.close()
      }
    } catch (error) {
      if (SmartshareError.is(error, 'STORE_MISSING')) return undefined
      throw error
    }
  }
}
