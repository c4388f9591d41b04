import { createHash } from 'node:crypto'
import { bech32m } from '@scure/base'
import { decode } from 'cborg'

// A ledger kept from genesis and receipts alone, by the words of docs/spec/chain.md ("Money") and docs/spec/genesis.md.
// It uses no code of the chain: what both agree on was computed twice.

const SUPPLY = 10n ** 18n
const MOST_PAGE = 100

interface Receipt {
  readonly payer: string
  readonly feeGrains: string
  readonly events: readonly { readonly from: string; readonly name: string; readonly data: Record<string, string> }[]
}

type Grains = Map<string, bigint>

export async function call<T>(rpc: string, method: string, params: object = {}): Promise<T> {
  const answer = await fetch(rpc, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await answer.json()) as { result: T; error?: { message: string } }
  if (error !== undefined) throw new Error(`${method}: ${error.message}`)
  return result
}

const sha256 = (bytes: Uint8Array) => Uint8Array.from(createHash('sha256').update(bytes).digest())
const textOf = (address: Uint8Array) => bech32m.encode('ssp', bech32m.toWords(address), false)

/** Address of a pool: SHA-256( SHA-256("smartshare/address/module") ‖ name ). */
function pool(name: string): string {
  const prefix = sha256(Buffer.from('smartshare/address/module'))
  return textOf(sha256(Buffer.concat([prefix, Buffer.from(name)])))
}

/** Balances of every address at every height up to `height`. */
class Ledger {
  /** What each height changed, the sums after it. */
  private readonly history = new Map<string, { height: number; grains: bigint }[]>()
  private readonly now: Grains = new Map()
  height = 0

  static async replay(rpc: string): Promise<Ledger> {
    const ledger = new Ledger()
    const genesis = await call<{ encoded: string }>(rpc, 'chain_genesis')
    ledger.begin(decode(Buffer.from(genesis.encoded, 'base64')))
    await ledger.follow(rpc)
    return ledger
  }

  /** Takes in what was executed since. */
  async follow(rpc: string): Promise<void> {
    const { height } = await call<{ height: number }>(rpc, 'chain_status')
    while (this.height < height) {
      const at = this.height + 1
      for (let skip = 0, total = 1; skip < total; skip += MOST_PAGE) {
        const page = await call<{ receipts: Receipt[]; total: number }>(rpc, 'chain_receipts', {
          height: at,
          skip,
          limit: MOST_PAGE,
        })
        total = page.total
        for (const receipt of page.receipts) this.take(receipt, at)
      }
      this.height = at
    }
  }

  get addresses(): string[] {
    return [...this.now.keys()]
  }

  get total(): bigint {
    return [...this.now.values()].reduce((sum, grains) => sum + grains, 0n)
  }

  balanceAt(address: string, height: number): bigint {
    return this.history.get(address)?.findLast((change) => change.height <= height)?.grains ?? 0n
  }

  private begin(record: unknown): void {
    const fields = record as unknown[]
    const placement = fields[6] as [Uint8Array, number | bigint][]
    const delegates = fields[7] as [Uint8Array, string, Uint8Array, Uint8Array, number | bigint][]
    let placed = 0n
    for (const [address, grains] of placement) {
      this.add(textOf(address), BigInt(grains), 0)
      placed += BigInt(grains)
    }
    for (const [address, , , , bond] of delegates) {
      this.add(textOf(address), -BigInt(bond), 0)
      this.add(pool('stakes'), BigInt(bond), 0)
    }
    this.add(pool('foundation'), (SUPPLY * 20n) / 100n, 0)
    this.add(pool('vesting'), (SUPPLY * 10n) / 100n, 0)
    this.add(pool('mining'), (SUPPLY * 45n) / 100n + (SUPPLY * 25n) / 100n - placed, 0)
  }

  private take({ payer, feeGrains, events }: Receipt, height: number): void {
    const isOwn = events.some(({ from, name }) => from === 'delegates' && name === 'fees')
    // The block's own receipt repeats the sum of the fees; each was taken from its payer already.
    if (!isOwn) this.add(payer, -BigInt(feeGrains), height)
    for (const { from, name, data } of events) {
      if (from === 'tokens' && name === 'transfer' && data.token === 'SSP') {
        this.add(data.from!, -BigInt(data.amount!), height)
        this.add(data.to!, BigInt(data.amount!), height)
      } else if (from === 'delegates' && name === 'fees') {
        this.add(pool('delegate-pay'), BigInt(data.toDelegates!), height)
        this.add(pool('mining'), BigInt(data.toMining!), height)
      }
    }
  }

  private add(address: string, grains: bigint, height: number): void {
    const sum = (this.now.get(address) ?? 0n) + grains
    this.now.set(address, sum)
    const changes = this.history.get(address) ?? []
    if (changes.at(-1)?.height === height) changes.pop()
    changes.push({ height, grains: sum })
    this.history.set(address, changes)
  }
}

/** Every address whose balance on the chain is not the ledger's; empty if all agree and the supply is whole. */
export async function disagreements(rpc: string): Promise<string[]> {
  const ledger = await Ledger.replay(rpc)
  const wrong: string[] = []
  for (const address of ledger.addresses) {
    const { amount, height } = await call<{ amount: string; height: number }>(rpc, 'token_balance', { address })
    if (height > ledger.height) await ledger.follow(rpc)
    const expected = ledger.balanceAt(address, height)
    if (BigInt(amount) !== expected) wrong.push(`${address} at ${height}: ${amount}, by the ledger ${expected}`)
  }
  if (ledger.total !== SUPPLY) wrong.push(`supply by the ledger ${ledger.total}`)
  return wrong
}
