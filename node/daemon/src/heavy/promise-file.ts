import { type Commitment, commitmentSchema } from '@smartshare/chain'
import { array, decode, encode } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { DurableFile } from '../durable-file.ts'

/** Commitments that are kept, the latest: more than ever run at a time. */
const MOST_KEPT = 256

const fileSchema = array(commitmentSchema, MOST_KEPT)

/**
 * What the own delegate committed to of heavy calls, on disk before it is said: a node that computes another result after a
 * restart, with a machine that was mended say, must not contradict itself, for that convicts it.
 */
export class PromiseFile {
  private readonly file: DurableFile
  private known: Promise<Commitment[]> | undefined

  constructor(path: string) {
    this.file = new DurableFile(path)
  }

  /** Whether the delegate may say this: it said nothing else of the job. It is on disk then. Throws CODEC_* or STORE_IO. */
  async promise(said: Commitment): Promise<boolean> {
    this.known ??= this.read()
    const known = await this.known
    const before = known.find(({ job, term }) => job === said.job && term === said.term)
    if (before !== undefined) return equalBytes(before.commitment, said.commitment)
    const next = [...known, said].slice(-MOST_KEPT)
    await this.file.write(encode(fileSchema, next))
    this.known = Promise.resolve(next)
    return true
  }

  /** Ends when nothing is being written. */
  settled(): Promise<void> {
    return this.file.settled()
  }

  private async read(): Promise<Commitment[]> {
    const content = await this.file.read()
    return content === undefined ? [] : [...decode(fileSchema, content)]
  }
}
