import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { lockFolder } from '@smartshare/link/folder-lock'
import { BlockLog, type BlockLogOptions } from './block-log.ts'
import { ChainStore } from './chain-store.ts'
import { type Disk, nodeDisk } from './disk.ts'
import { writeWhole } from './segment.ts'
import { type OpenedVoteLog, VoteLog } from './vote-log.ts'

/** Format of the folder as a whole; a node refuses folders of another one. */
const STORE_FORMAT = 2
const FORMAT_FILE = 'format.json'
/** The format file is a few hundred bytes. */
const MOST_FORMAT_BYTES = 4096

/** All that a node keeps on disk, opened. */
export interface OpenedStore {
  readonly blocks: BlockLog
  readonly votes: OpenedVoteLog
  readonly state: ChainStore
  /** Where other threads open the state with `ChainStore.open`. */
  readonly stateFolder: string
  /** Waits for what is being written, closes everything and lets go of the folder. */
  close(): Promise<void>
}

/**
 * Opens a node's data folder, or makes it, for this process alone.
 *
 * Throws STORE_LOCKED (another process has it), STORE_OTHER_GENESIS (it belongs to another network), STORE_VERSION (another
 * version of this software made it), STORE_DAMAGED (parts do not fit together), LOG_DAMAGED, STORE_FULL or STORE_IO.
 */
export async function openStore(folder: string, options: BlockLogOptions): Promise<OpenedStore> {
  const { chainId } = options
  await nodeDisk.makeFolder(folder)
  const lock = await lockFolder(folder, { code: 'STORE_LOCKED', message: 'Another process is using this folder' })
  // What to undo if a later step fails, newest last.
  const undo: (() => Promise<void>)[] = [() => lock.release()]
  const close = async () => {
    // All of them, also after one has failed: else this process itself would keep the folder locked.
    const failures: unknown[] = []
    for (const step of undo.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    const known = await checkFormat(nodeDisk, folder, chainId)
    const blocks = await BlockLog.open(nodeDisk, join(folder, 'blocks'), options)
    undo.push(() => blocks.close())
    const votes = await VoteLog.open(nodeDisk, join(folder, 'votes'), chainId, known)
    undo.push(() => votes.log.close())
    const stateFolder = join(folder, 'state')
    const state = ChainStore.open(stateFolder)
    undo.push(() => state.close())
    checkParts(known, blocks, votes, state)
    if (!known) {
      const content = { format: STORE_FORMAT, chainId: Buffer.from(chainId).toString('hex') }
      await writeWhole(nodeDisk, folder, FORMAT_FILE, Buffer.from(`${JSON.stringify(content)}\n`))
    }
    return { blocks, votes, state, stateFolder, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** True if the folder is one of ours for this chain, false if it is new. It is looked at before anything else is opened. */
async function checkFormat(disk: Disk, folder: string, chainId: Uint8Array): Promise<boolean> {
  const path = join(folder, FORMAT_FILE)
  if (!(await disk.list(folder)).includes(FORMAT_FILE)) return false
  const file = await disk.open(path, false)
  const text = Buffer.from(await file.read(0, MOST_FORMAT_BYTES)).toString()
  await file.close()
  const { format, chainId: owner } = parseFormat(text, path)
  if (format !== STORE_FORMAT) {
    throw new SmartshareError('STORE_VERSION', 'Another version of this software made the folder', {
      path,
      format,
      known: STORE_FORMAT,
    })
  }
  if (owner !== Buffer.from(chainId).toString('hex')) {
    throw new SmartshareError('STORE_OTHER_GENESIS', 'The folder belongs to another network', { path, chainId: owner })
  }
  return true
}

function parseFormat(text: string, path: string): { format: number; chainId: string } {
  try {
    const { format, chainId } = JSON.parse(text) as { format: unknown; chainId: unknown }
    if (Number.isSafeInteger(format) && typeof chainId === 'string') return { format: format as number, chainId }
  } catch (error) {
    throw new SmartshareError('STORE_DAMAGED', 'The format file of the folder cannot be read', { path }, error)
  }
  throw new SmartshareError('STORE_DAMAGED', 'The format file of the folder cannot be read', { path })
}

/** Refuses parts that cannot come from one node: then one of them was lost or put back from an old copy. */
function checkParts(known: boolean, blocks: BlockLog, votes: OpenedVoteLog, state: ChainStore): void {
  const { height } = state
  const used = blocks.lastHeight !== undefined || height !== undefined || votes.records.length > 0
  if (!known && used) throw new SmartshareError('STORE_DAMAGED', 'The folder has contents but no format file')
  const lastBlock = blocks.lastHeight
  if (lastBlock === undefined) return
  // Blocks are in the log before they are executed, so the state is never ahead of it, nor may there be a gap.
  if ((height ?? 0) > lastBlock || (height ?? 0) + 1 < (blocks.firstHeight as number)) {
    throw new SmartshareError('STORE_DAMAGED', 'The state and the block log do not fit together', {
      stateHeight: height ?? -1,
      firstBlock: blocks.firstHeight as number,
      lastBlock,
    })
  }
}
