import { SmartshareError } from '@smartshare/codec'
import type { Disk, DiskFile } from './disk.ts'

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512

/** Thrown by every operation from the crash on: for the process, the machine is gone. */
class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash'
}

/** Whether work failed because of the crash, whatever the log made of it. */
export function isCrash(error: unknown): boolean {
  return error instanceof SimulatedCrash || (error instanceof Error && error.cause instanceof SimulatedCrash)
}

interface Write {
  readonly at: number
  /** Null: the file was cut at `at`. */
  readonly bytes: Uint8Array | null
}

/** A file apart from its name. */
interface Inode {
  /** Content that survives. */
  synced: Uint8Array
  content: Uint8Array
  /** What came since the last sync. */
  unsynced: Write[]
}

/** A name that came, went or changed its file since the folder was last synced. */
interface NameChange {
  readonly path: string
  readonly inode: Inode | undefined
}

/**
 * A disk in memory that loses power when asked to: then every write that was not synced is there, gone, or there in
 * some of its sectors, and of the names not synced the first few. The seed decides, so every failure can be repeated.
 */
export class SimulatedDisk implements Disk {
  readonly #files: Map<string, Inode>
  readonly #syncedNames: Map<string, Inode>
  readonly #nameChanges: NameChange[] = []
  readonly #random: () => number
  #operations = 0
  #crashAt = Number.POSITIVE_INFINITY
  #roomBytes = Number.POSITIVE_INFINITY

  constructor(seed: number, survived: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#random = mulberry32(seed)
    this.#files = new Map(
      [...survived].map(([path, content]) => [path, { synced: content, content: content.slice(), unsynced: [] }]),
    )
    this.#syncedNames = new Map(this.#files)
  }

  /** Operations so far that change the disk or make it durable. */
  get operations(): number {
    return this.#operations
  }

  /** Lets the power fail in the midst of operation number `operation` (from 0). */
  crashAt(operation: number): void {
    this.#crashAt = operation
  }

  /** Lets writes fail with STORE_FULL when the files together would be larger than this. */
  limitRoom(bytes: number): void {
    this.#roomBytes = bytes
  }

  /** Changes one bit of what is stored, as an old disk might. */
  rot(path: string, at: number, bit = 0): void {
    const inode = this.#inode(path)
    inode.content[at] = (inode.content[at] as number) ^ (1 << bit)
    inode.synced[at] = (inode.synced[at] as number) ^ (1 << bit)
  }

  sizeOf(path: string): number {
    return this.#inode(path).content.length
  }

  /** The disk as it is found after the power failed now. */
  afterCrash(seed: number): SimulatedDisk {
    const names = new Map(this.#syncedNames)
    const kept = Math.floor(this.#random() * (this.#nameChanges.length + 1))
    for (const { path, inode } of this.#nameChanges.slice(0, kept)) {
      if (inode === undefined) names.delete(path)
      else names.set(path, inode)
    }
    return new SimulatedDisk(seed, new Map([...names].map(([path, inode]) => [path, this.#survivorOf(inode)])))
  }

  async open(path: string, create: boolean): Promise<DiskFile> {
    this.#alive()
    if (!this.#files.has(path)) {
      if (!create) throw new SmartshareError('STORE_MISSING', 'There is no such file', { path })
      const made: Inode = { synced: new Uint8Array(0), content: new Uint8Array(0), unsynced: [] }
      this.#change(() => this.#setName(path, made))
    }
    const inode = this.#inode(path)
    return {
      size: async () => {
        this.#alive()
        return inode.content.length
      },
      read: async (at, length) => {
        this.#alive()
        return inode.content.slice(at, at + length)
      },
      write: async (at, bytes) => this.#write(inode, at, bytes.slice()),
      sync: async () => {
        // Not through #change: when the power fails during a sync, nothing is sure.
        this.#count()
        inode.synced = inode.content.slice()
        inode.unsynced = []
      },
      truncate: async (size) =>
        this.#change(() => {
          inode.unsynced.push({ at: size, bytes: null })
          inode.content = resized(inode.content, size)
        }),
      close: async () => this.#alive(),
    }
  }

  async list(folder: string): Promise<string[]> {
    this.#alive()
    const within = [...this.#files.keys()].filter((path) => path.startsWith(`${folder}/`))
    const names = within.map((path) => path.slice(folder.length + 1).split('/')[0] as string)
    return [...new Set(names)].sort()
  }

  /** Folders are only in the names of files here. */
  async makeFolder(): Promise<void> {
    this.#alive()
  }

  async removeFolder(): Promise<void> {
    this.#alive()
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#inode(from)
    this.#change(() => {
      this.#setName(to, inode)
      this.#setName(from, undefined)
    })
  }

  async remove(path: string): Promise<void> {
    if (this.#files.has(path)) this.#change(() => this.#setName(path, undefined))
  }

  async syncFolder(folder: string): Promise<void> {
    this.#count()
    for (const { path, inode } of this.#nameChanges.splice(0)) {
      if (!path.startsWith(`${folder}/`)) this.#nameChanges.push({ path, inode })
      else if (inode === undefined) this.#syncedNames.delete(path)
      else this.#syncedNames.set(path, inode)
    }
  }

  #write(inode: Inode, at: number, bytes: Uint8Array): void {
    const used = [...new Set(this.#files.values())].reduce((sum, one) => sum + one.content.length, 0)
    const room = this.#roomBytes - used + inode.content.length
    if (at + bytes.length > room) {
      // As a real disk does: what has room is written, and then it fails.
      const part = bytes.subarray(0, Math.max(0, room - at))
      this.#change(() => put(inode, at, part))
      throw new SmartshareError('STORE_FULL', 'The disk has no room', {})
    }
    this.#change(() => put(inode, at, bytes))
  }

  #setName(path: string, inode: Inode | undefined): void {
    if (inode === undefined) this.#files.delete(path)
    else this.#files.set(path, inode)
    this.#nameChanges.push({ path, inode })
  }

  #inode(path: string): Inode {
    const inode = this.#files.get(path)
    if (inode === undefined) throw new SmartshareError('STORE_MISSING', 'There is no such file', { path })
    return inode
  }

  #alive(): void {
    if (this.#operations > this.#crashAt) throw new SimulatedCrash('The power has failed')
  }

  #count(): void {
    this.#alive()
    this.#operations += 1
    this.#alive()
  }

  /** An operation in whose midst the power may fail: then it has happened, but like all unsynced ones not for sure. */
  #change(work: () => void): void {
    this.#alive()
    work()
    this.#count()
  }

  #survivorOf(inode: Inode): Uint8Array {
    let content: Uint8Array = inode.synced.slice()
    for (const { at, bytes } of inode.unsynced) {
      const fate = this.#random()
      if (fate < 0.25) continue
      if (bytes === null) {
        content = resized(content, at)
        continue
      }
      if (fate < 0.5) {
        content = overlaid(content, at, bytes)
      } else if (fate < 0.75) {
        content = overlaid(content, at, bytes.subarray(0, Math.floor(this.#random() * bytes.length)))
      } else {
        // The file has grown, and only some of its sectors are filled.
        content = resized(content, Math.max(content.length, at + bytes.length))
        for (let start = at - (at % SECTOR_BYTES); start < at + bytes.length; start += SECTOR_BYTES) {
          if (this.#random() < 0.5) continue
          const from = Math.max(start, at) - at
          content.set(bytes.subarray(from, start + SECTOR_BYTES - at), at + from)
        }
      }
    }
    return content
  }
}

function put(inode: Inode, at: number, bytes: Uint8Array): void {
  inode.unsynced.push({ at, bytes })
  inode.content = overlaid(inode.content, at, bytes)
}

function overlaid(content: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const grown = resized(content, Math.max(content.length, at + bytes.length))
  grown.set(bytes, at)
  return grown
}

function resized(content: Uint8Array, size: number): Uint8Array {
  const changed = new Uint8Array(size)
  changed.set(content.subarray(0, size))
  return changed
}

/** Numbers in [0, 1) from a seed (Tommy Ettinger's mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
