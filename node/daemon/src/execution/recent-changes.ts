import { mapKey } from '@smartshare/runtime'
import type { StateReader } from '@smartshare/state'

/** What an executed block did to one key: packed and sent by the executor, in the order of heights. */
export interface KeyChange {
  readonly key: Uint8Array
  readonly previous: Uint8Array | undefined
  readonly value: Uint8Array | undefined
}

interface Version {
  readonly height: number
  readonly previous: Uint8Array | undefined
  readonly value: Uint8Array | undefined
}

/**
 * Answers reads as of any recent height although the disk holds only one: it keeps what the last blocks changed. A key
 * that none of them changed is as it is on disk, whichever of these heights the disk has reached.
 */
export class RecentChanges {
  private readonly disk: Pick<StateReader, 'get'>
  private readonly versions = new Map<string, Version[]>()
  private readonly keysOf = new Map<number, string[]>()
  private newest = 0
  private forgotten = 0

  constructor(disk: Pick<StateReader, 'get'>) {
    this.disk = disk
  }

  /** Height up to which changes are known. */
  get height(): number {
    return this.newest
  }

  /** After a restart: the height that the disk has reached, whether or not changes below it are known. */
  begin(height: number): void {
    this.newest = Math.max(this.newest, height)
  }

  apply(height: number, changes: readonly KeyChange[]): void {
    this.newest = height
    const keys: string[] = []
    for (const { key, previous, value } of changes) {
      const text = mapKey(key)
      keys.push(text)
      const known = this.versions.get(text)
      const version = { height, previous, value }
      if (known === undefined) this.versions.set(text, [version])
      else known.push(version)
    }
    this.keysOf.set(height, keys)
  }

  /** False if so much was forgotten that the state after `height` cannot be told any more. */
  holds(height: number): boolean {
    return height >= this.forgotten
  }

  /** The state as it was after `height`, which must not be below the last height that was forgotten. */
  at(height: number): Pick<StateReader, 'get'> {
    return {
      get: (key) => {
        const versions = this.versions.get(mapKey(key))
        if (versions === undefined) return this.disk.get(key)
        for (let i = versions.length - 1; i >= 0; i--) {
          const version = versions[i]!
          if (version.height <= height) return version.value
        }
        return versions[0]!.previous
      },
    }
  }

  /** Forgets heights up to `height`: the disk must have reached it, and no read may ask for less. */
  forget(height: number): void {
    this.forgotten = Math.max(this.forgotten, height)
    for (const [old, keys] of this.keysOf) {
      if (old > height) break
      for (const key of keys) {
        const versions = this.versions.get(key)
        if (versions === undefined) continue
        while (versions.length > 0 && versions[0]!.height <= old) versions.shift()
        if (versions.length === 0) this.versions.delete(key)
      }
      this.keysOf.delete(old)
    }
  }
}
