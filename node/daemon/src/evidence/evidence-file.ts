import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { decodeEvidence, type Evidence, encodeEvidence } from '@smartshare/chain'
import { array, bytes, decode, encode, SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'

/** Evidence kept at a time: every seat of the largest set once. */
export const MAX_PENDING_EVIDENCE = 256
const MAX_EVIDENCE_BYTES = 2048

const fileSchema = array(bytes(MAX_EVIDENCE_BYTES), MAX_PENDING_EVIDENCE)

/** Evidence on disk that is not reported yet, so that a restart does not forget it. */
export class EvidenceFile {
  private readonly path: string
  private readonly chainId: Uint8Array
  /** The last write; it ends when all before it have ended. */
  private writing: Promise<void> = Promise.resolve()

  constructor(path: string, chainId: Uint8Array) {
    this.path = path
    this.chainId = chainId
  }

  /** What was written last; nothing if there is no file. Throws CODEC_* or STORE_IO. */
  async read(): Promise<Evidence[]> {
    let content: Uint8Array
    try {
      content = new Uint8Array(await readFile(this.path))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw new SmartshareError('STORE_IO', `cannot read ${this.path}`, { path: this.path }, error)
    }
    const known = decode(fileSchema, content).map(decodeEvidence)
    return known.filter(({ chainId }) => equalBytes(chainId, this.chainId)).map(({ evidence }) => evidence)
  }

  /** Replaces the file as a whole, after what was to be written before. Throws STORE_IO. */
  write(evidence: readonly Evidence[]): Promise<void> {
    const content = encode(
      fileSchema,
      evidence.map((one) => encodeEvidence(this.chainId, one)),
    )
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
