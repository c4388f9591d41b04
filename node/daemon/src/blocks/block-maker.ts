import {
  BLS_SIGNATURE_BYTES,
  type Block,
  certificatesHash,
  type DelegateSet,
  encodeBlock,
  type Header,
  headerHash,
  MAX_BLOCK_BYTES,
  MAX_BLOCK_TRANSACTIONS,
  type ParsedTransaction,
  parseTransaction,
  type Quarantine,
  transactionsRoot,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import type { HeaderTemplate } from '@smartshare/consensus'
import { equalBytes } from '@smartshare/crypto'
import {
  type BlockSummary,
  checkKnown,
  Gate,
  mapKey,
  modeOf,
  nextBasePrice,
  type Parameters,
  type Rules,
  rulesOf,
  summarise,
} from '@smartshare/runtime'
import type { ExecutedFacts } from '@smartshare/store'
import type { RecentChanges } from '../execution/recent-changes.ts'
import type { RecentFacts } from '../execution/recent-facts.ts'
import { checkQuarantines, chooseQuarantines, namesChangedRoot } from '../quarantine/quarantine-rules.ts'
import type { Mempool } from './mempool.ts'
import type { SignaturePool } from './signature-pool.ts'

/** Room in a block for everything that is not a transaction. */
const BLOCK_OVERHEAD_BYTES = 8 * 1024
/** Stands in for the leader's signature in what is remembered of the own proposals: only header and transactions are looked at. */
const NO_PROPOSAL = new Uint8Array(BLS_SIGNATURE_BYTES)
/** Parsed transactions take some kilobytes each, so it is their number that is bounded, and only then that of blocks. */
const MOST_REMEMBERED_TRANSACTIONS = 150_000
const MOST_REMEMBERED_BLOCKS = 1_024

export interface BlockMakerParts {
  readonly chainId: Uint8Array
  /** Parameters of genesis. */
  readonly genesis: Parameters
  /** Newest version of the protocol that this node takes part in. */
  readonly latestVersion: number
  readonly mempool: Mempool
  readonly signatures: SignaturePool
  readonly facts: RecentFacts
  readonly changes: RecentChanges
  /** Brings `facts` and `changes` up to what the executor has done. */
  readonly catchUp: () => void
  /** A final block above the last named root. */
  readonly finalBlock: (height: number) => Block | undefined
  /** Delegates of the running term. */
  readonly set: () => DelegateSet
  /** Quarantines at hand, which a block may carry. */
  readonly quarantines: () => readonly Quarantine[]
}

/** What the node adds to what consensus decides about a block. */
export interface MadeBlock {
  readonly header: Header
  readonly transactions: Uint8Array[]
  readonly quarantines: Quarantine[]
}

/** Where a block stands. */
type Place = Pick<Header, 'height' | 'rootHeight' | 'parent' | 'term'>

interface Content {
  readonly block: Block
  readonly summary: BlockSummary
  readonly transactions: readonly ParsedTransaction[]
}

export interface BuildOrder {
  readonly template: HeaderTemplate
  readonly roots: { readonly stateRoot: Uint8Array; readonly rangeRoot: Uint8Array } | null
  readonly nextSet: Uint8Array | null
  readonly ancestors: readonly Block[]
}

/**
 * Makes and checks the contents of blocks: a pure function of the block, its ancestors and the state at the named root, so that
 * every delegate comes to the same answer (docs/spec/chain.md, "Validity").
 */
export class BlockMaker {
  private readonly parts: BlockMakerParts
  /** What was made or checked and is not below every named root yet, the oldest first. */
  private readonly contents = new Map<string, Content>()
  private rememberedTransactions = 0

  constructor(parts: BlockMakerParts) {
    this.parts = parts
  }

  /** The leader's block for a slot. Throws if the named root is not executed here, or PROTOCOL_UNKNOWN. */
  build(order: BuildOrder): MadeBlock {
    const { template, ancestors } = order
    const { mempool, facts } = this.parts
    this.parts.catchUp()
    const root = facts.at(template.rootHeight)
    const roots = order.roots ?? root
    if (root === undefined || roots === undefined) {
      throw new SmartshareError('NODE_ROOT_UNKNOWN', `height ${template.rootHeight} is not executed here`)
    }
    const lineage = this.lineage(template, ancestors)
    if (namesChangedRoot(template, lineage)) {
      throw new SmartshareError('NODE_ROOT_UNKNOWN', `height ${template.rootHeight} is to be executed again`)
    }
    const { version, parameters } = this.rulesOf(template)
    const basePrice = nextBasePrice(this.parentOf(lineage, parameters), parameters)
    const gate = this.gate(template, basePrice, lineage, parameters)
    const roomy = template.height - template.rootHeight <= parameters.maxRootLag
    const chosen = roomy ? mempool.select(gate, MAX_BLOCK_BYTES - BLOCK_OVERHEAD_BYTES, MAX_BLOCK_TRANSACTIONS) : []
    const transactions = chosen.map((tx) => tx.wire)
    const quarantines = chooseQuarantines(this.parts.quarantines(), template, lineage, this.parts.chainId)
    const header: Header = {
      ...template,
      version,
      certificateHash: certificatesHash(template.certificateHash, quarantines),
      stateRoot: roots.stateRoot,
      rangeRoot: roots.rangeRoot,
      transactionsRoot: transactionsRoot(transactions),
      transactionCount: transactions.length,
      gas: gate.admittedGas,
      basePrice,
      mode: this.modeOf(template),
      nextSet: order.nextSet ?? (order.roots === null ? nextSetAt(root, template.term) : null),
    }
    this.remember(headerHash(header), {
      block: { header, proposal: NO_PROPOSAL, rootCertificate: null, transactions, quarantines },
      summary: gate.summary(),
      transactions: chosen,
    })
    return { header, transactions, quarantines }
  }

  /**
   * `later` if the named root is not executed here yet, or if later blocks became final meanwhile, so that no verdict matters
   * any more; throws BLOCK_* or TX_* if the block is invalid, with the reason.
   */
  async validate(hash: Uint8Array, block: Block, ancestors: readonly Block[]): Promise<'valid' | 'later'> {
    const { facts } = this.parts
    const { header } = block
    this.parts.catchUp()
    const root = facts.at(header.rootHeight)
    if (root === undefined) {
      if (header.rootHeight > facts.height) return 'later'
      throw invalid('BLOCK_ROOT_OLD', `names height ${header.rootHeight}, which is long past`)
    }
    // What the state said then is no longer known.
    if (!this.parts.changes.holds(header.rootHeight)) return 'later'
    const lineage = this.lineage(header, ancestors)
    const rules = this.rulesOf(header)
    const { parameters } = rules
    this.checkHeader(block, this.parentOf(lineage, parameters), root, rules)
    if (namesChangedRoot(header, lineage)) throw invalid('BLOCK_ROOT', 'a root that a quarantine changes')
    checkQuarantines(block.quarantines, header, lineage, { chainId: this.parts.chainId, set: this.parts.set() })
    const transactions = await this.verified(block)
    // While signatures were checked, others may have made this block and the next ones final.
    if (!this.parts.changes.holds(header.rootHeight)) return 'later'
    const roomy = header.height - header.rootHeight <= parameters.maxRootLag
    if (!roomy && transactions.length > 0)
      throw invalid('BLOCK_FULL', 'transactions although the named root is far back')
    const gate = this.gate(header, header.basePrice, lineage, parameters)
    for (const tx of transactions) gate.admit(tx)
    if (gate.admittedGas !== header.gas) throw invalid('BLOCK_GAS', 'the gas of the header is not that of the block')
    this.remember(hash, { block, summary: gate.summary(), transactions })
    return 'valid'
  }

  /** The transactions of a block that is final, with their signatures checked at most once on this node. */
  async transactionsOf(hash: Uint8Array, block: Block): Promise<readonly ParsedTransaction[]> {
    const known = this.contents.get(mapKey(hash))
    if (known !== undefined) return known.transactions
    const transactions = await this.verified(block)
    this.remember(hash, { block, summary: summarise(transactions), transactions })
    return transactions
  }

  private checkHeader(
    block: Block,
    parent: Pick<Header, 'basePrice' | 'gas'>,
    root: ExecutedFacts,
    { version, parameters }: Rules,
  ): void {
    const { header } = block
    if (header.version !== version) throw invalid('BLOCK_VERSION', `version ${header.version} and not ${version}`)
    if (!equalBytes(header.stateRoot, root.stateRoot) || !equalBytes(header.rangeRoot, root.rangeRoot)) {
      throw invalid('BLOCK_ROOT', `other roots at height ${root.height} than those computed here`)
    }
    const { rootCertificate } = block
    if (rootCertificate !== null && !equalBytes(rootCertificate.value, root.blockHash)) {
      throw invalid('BLOCK_CERTIFICATE', 'the certificate is not of the block at the named height')
    }
    if (header.basePrice !== nextBasePrice(parent, parameters)) throw invalid('BLOCK_PRICE', 'a wrong base price')
    if (header.mode !== this.modeOf(header)) throw invalid('BLOCK_MODE', 'another mode than that of the named root')
    const expected = nextSetAt(root, header.term)
    const same =
      expected === null ? header.nextSet === null : header.nextSet !== null && equalBytes(header.nextSet, expected)
    if (!same) throw invalid('BLOCK_NEXT_SET', 'the next set is not that of the named root')
    if (header.transactionCount !== block.transactions.length) throw invalid('BLOCK_COUNT', 'a wrong count')
    if (!equalBytes(header.transactionsRoot, transactionsRoot(block.transactions))) {
      throw invalid('BLOCK_TRANSACTIONS', 'the transactions are not those of the header')
    }
    const sizeBytes = block.transactions.reduce((sum, wire) => sum + wire.length + 5, BLOCK_OVERHEAD_BYTES)
    if (sizeBytes > MAX_BLOCK_BYTES && encodeBlock(block).length > MAX_BLOCK_BYTES) {
      throw invalid('BLOCK_TOO_LARGE', 'above its largest size')
    }
  }

  /** Parses the transactions of a block and checks the signatures of those that did not pass the mempool. */
  private async verified(block: Block): Promise<ParsedTransaction[]> {
    const { mempool, signatures, chainId } = this.parts
    const unknown: ParsedTransaction[] = []
    const transactions = block.transactions.map((wire) => {
      const parsed = parseTransaction(wire, chainId)
      const waiting = mempool.get(parsed.id)
      // The id leaves signatures out, so the same id with other signatures is another transaction.
      if (waiting !== undefined && equalBytes(waiting.wire, wire)) return waiting
      unknown.push(parsed)
      return parsed
    })
    const good = await signatures.check(unknown, true)
    if (good.includes(false)) throw invalid('BLOCK_SIGNATURE', 'a transaction with a wrong signature')
    return transactions
  }

  /** What is in force in the block's term, which the state at its named root says. Throws PROTOCOL_UNKNOWN. */
  private rulesOf({ rootHeight, term }: Place): Rules {
    const { changes, genesis, latestVersion } = this.parts
    const rules = rulesOf(changes.at(rootHeight), term, genesis)
    checkKnown(rules.version, latestVersion)
    return rules
  }

  /** Calm or busy, as the state at the named root says. */
  private modeOf({ rootHeight }: Place): number {
    return modeOf(this.parts.changes.at(rootHeight))
  }

  private gate(block: Place, basePrice: bigint, lineage: readonly Block[], parameters: Parameters): Gate {
    const window = lineage.filter(({ header }) => header.height > block.rootHeight).map((one) => this.summaryOf(one))
    const state = this.parts.changes.at(block.rootHeight)
    return new Gate(state, window, { height: block.height, basePrice }, parameters)
  }

  /**
   * The blocks from above the named root (and at least the parent) up to the parent, ascending. Consensus names those above the
   * last block that it knows to be final; of that the node may not have been told yet, but then it checked or made it.
   */
  private lineage(block: Place, ancestors: readonly Block[]): Block[] {
    const named = new Map(ancestors.map((ancestor) => [mapKey(headerHash(ancestor.header)), ancestor]))
    const lineage: Block[] = []
    let { parent } = block
    for (
      let height = block.height - 1;
      height > 0 && height >= Math.min(block.rootHeight + 1, block.height - 1);
      height--
    ) {
      const key = mapKey(parent)
      const found = named.get(key) ?? this.contents.get(key)?.block ?? this.parts.finalBlock(height)
      if (found === undefined)
        throw new SmartshareError('NODE_ANCESTOR_UNKNOWN', `the ancestor at height ${height} is not here`)
      lineage.unshift(found)
      parent = found.header.parent
    }
    return lineage
  }

  private summaryOf(block: Block): BlockSummary {
    const known = this.contents.get(mapKey(headerHash(block.header)))
    if (known !== undefined) return known.summary
    return summarise(block.transactions.map((wire) => parseTransaction(wire, this.parts.chainId)))
  }

  private parentOf(lineage: readonly Block[], { leastBasePrice }: Parameters): Pick<Header, 'basePrice' | 'gas'> {
    // Before the first block stands genesis, which held nothing.
    return lineage.at(-1)?.header ?? { basePrice: leastBasePrice, gas: 0 }
  }

  /** Forgets the blocks up to `height`: later blocks name this root or a higher one, and what they held is executed. */
  forget(height: number): void {
    for (const [key, { block }] of this.contents) if (block.header.height <= height) this.drop(key)
  }

  private remember(hash: Uint8Array, content: Content): void {
    const key = mapKey(hash)
    this.drop(key)
    this.contents.set(key, content)
    this.rememberedTransactions += content.transactions.length
    for (const oldest of this.contents.keys()) {
      const { size } = this.contents
      const isMuch = this.rememberedTransactions > MOST_REMEMBERED_TRANSACTIONS || size > MOST_REMEMBERED_BLOCKS
      if (!isMuch || size === 1) break
      this.drop(oldest)
    }
  }

  private drop(key: string): void {
    const content = this.contents.get(key)
    if (content === undefined) return
    this.rememberedTransactions -= content.transactions.length
    this.contents.delete(key)
  }
}

/** Hash of the next set at a named root, for headers of `term`; null before the election of that term. */
function nextSetAt(root: ExecutedFacts, term: number): Uint8Array | null {
  return root.term === term ? root.nextSetHash : null
}

function invalid(code: string, message: string): SmartshareError {
  return new SmartshareError(code, `a block with ${message}`)
}
