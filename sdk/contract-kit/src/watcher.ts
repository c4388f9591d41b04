import type { LuaValue } from '@smartshare/lvm'
import { type ContractWatch, mapKey, type WatchedWrite } from '@smartshare/runtime'

const MAX_WRITES_KEPT = 200
const FRAME = /^\t([^\s:]+):(\d+): in (.*)$/

/** What reports call a source that stands in a test itself. */
export const INLINE = 'source in the test'

/** A source that a test publishes. */
export interface SourceFile {
  /** As reports show it. */
  readonly path: string
  readonly text: string
}

interface Frame {
  readonly contract: Uint8Array
  readonly line: number
  readonly where: string
}

/** Follows contracts through all tests: lines that ran; and since the begin of a transaction: failures and writes. */
export class Watcher implements ContractWatch {
  /** Lines that ran, by path. */
  readonly covered = new Map<string, Set<number>>()
  /** The source that is being published: until then it has no hash by which it is known. */
  publishing: SourceFile | undefined
  private readonly files = new Map<string, SourceFile>()
  private frames: Frame[] = []
  private lastLine = 0
  private writes: WatchedWrite[] = []

  know(codeHash: Uint8Array, file: SourceFile): void {
    this.files.set(mapKey(codeHash), file)
  }

  beginTransaction(): void {
    this.frames = []
    this.writes = []
  }

  line(codeKey: string | undefined, line: number): void {
    this.lastLine = line
    const file = codeKey === undefined ? this.publishing : this.files.get(codeKey)
    if (file === undefined) return
    let lines = this.covered.get(file.path)
    if (lines === undefined) {
      lines = new Set()
      this.covered.set(file.path, lines)
    }
    lines.add(line)
  }

  write(write: WatchedWrite): void {
    if (this.writes.length < MAX_WRITES_KEPT) this.writes.push(write)
  }

  failure(contract: Uint8Array, trace: string | undefined): void {
    for (const text of (trace ?? '').split('\n')) {
      const [, chunk, line, where = ''] = FRAME.exec(text) ?? []
      if (chunk === 'contract') this.frames.push({ contract, line: Number(line), where })
    }
    // What cut a call off, for example no gas, left no trace; the innermost contract is told of first.
    if (this.frames.length === 0) this.frames.push({ contract, line: this.lastLine, where: 'the last line that ran' })
  }

  /** What the last transaction came to before it failed. `fileOf`: the source of a contract; `show`: a value for people. */
  explain(fileOf: (contract: Uint8Array) => SourceFile, show: (value: LuaValue) => string): string[] {
    const frames = this.frames.map(({ contract, line, where }) => {
      const { path, text } = fileOf(contract)
      const source = text.split('\n')[line - 1]?.trim() ?? ''
      return `${path}:${line} in ${where}: ${source}`
    })
    const writes = this.writes.map(({ contract, name, key, value }) => {
      const place = key === 0n ? show(name) : `${show(name)}[${show(key)}]`
      return `taken back: ${fileOf(contract).path} ${place.replaceAll("'", '')} = ${show(value)}`
    })
    return [...frames, ...writes]
  }
}
