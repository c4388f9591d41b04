import type { ExecutedNotice } from '../api.ts'

/** Blocks that are executed but not on disk yet, and those who want to hear of them when they are. */
export class Notices {
  private readonly listeners = new Set<(notice: ExecutedNotice) => void>()
  private readonly waiting: ExecutedNotice[] = []

  subscribe(listener: (notice: ExecutedNotice) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  add(notice: ExecutedNotice): void {
    this.waiting.push(notice)
  }

  /** Tells of the blocks up to `height`, which are on disk. */
  tell(height: number): void {
    while (this.waiting.length > 0 && this.waiting[0]!.height <= height) {
      const notice = this.waiting.shift()!
      for (const listener of this.listeners) listener(notice)
    }
  }
}
