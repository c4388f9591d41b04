import { decodeEvidence, type Evidence, encodeEvidence, MAX_EVIDENCE_BYTES } from '@smartshare/chain'
import { array, bytes, decode, encode } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { DurableFile } from '../durable-file.ts'

/** Evidence kept at a time: every seat of the largest set once. */
export const MAX_PENDING_EVIDENCE = 256

const fileSchema = array(bytes(MAX_EVIDENCE_BYTES), MAX_PENDING_EVIDENCE)

/** Evidence on disk that is not reported yet, so that a restart does not forget it. */
export class EvidenceFile {
  private readonly file: DurableFile
  private readonly chainId: Uint8Array

  constructor(path: string, chainId: Uint8Array) {
    this.file = new DurableFile(path)
    this.chainId = chainId
  }

  /** What was written last; nothing if there is no file. Throws CODEC_*, TX_*, EVIDENCE_PAIR or STORE_IO. */
  async read(): Promise<Evidence[]> {
    const content = await this.file.read()
    if (content === undefined) return []
    const known = decode(fileSchema, content).map(decodeEvidence)
    return known.filter(({ chainId }) => equalBytes(chainId, this.chainId)).map(({ evidence }) => evidence)
  }

  /** Replaces the file as a whole, after what was to be written before. Throws STORE_IO. */
  write(evidence: readonly Evidence[]): Promise<void> {
    const content = encode(
      fileSchema,
      evidence.map((one) => encodeEvidence(this.chainId, one)),
    )
    return this.file.write(content)
  }

  /** Ends when nothing is being written, whether it came off or not. */
  settled(): Promise<void> {
    return this.file.settled()
  }
}
