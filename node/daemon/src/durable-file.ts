import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SmartshareError } from '@smartshare/codec'

/** A small file that is only ever read and replaced as a whole, and is on disk when a write has ended. */
export class DurableFile {
  private readonly path: string
  /** The last write; it ends when all before it have ended. */
  private writing: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.path = path
  }

  /** What was written last; undefined if there is no file. Throws STORE_IO. */
  async read(): Promise<Uint8Array | undefined> {
    try {
      return new Uint8Array(await readFile(this.path))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new SmartshareError('STORE_IO', `cannot read ${this.path}`, { path: this.path }, error)
    }
  }

  /** Replaces the file, after what was to be written before. Throws STORE_IO. */
  write(content: Uint8Array): Promise<void> {
    const next = this.writing.then(
      () => this.replace(content),
      () => this.replace(content),
    )
    this.writing = next
    return next
  }

  /** Ends when nothing is being written, whether it came off or not. */
  async settled(): Promise<void> {
    await this.writing.catch(() => undefined)
  }

  private async replace(content: Uint8Array): Promise<void> {
    try {
      const draft = `${this.path}.new`
      const file = await open(draft, 'w', 0o600)
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, this.path)
      const folder = await open(dirname(this.path), 'r')
      try {
        await folder.sync()
      } finally {
        await folder.close()
      }
    } catch (error) {
      throw new SmartshareError('STORE_IO', `cannot write ${this.path}`, { path: this.path }, error)
    }
  }
}
