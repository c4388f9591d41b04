import { checkBalance } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import { pools } from '@smartshare/runtime'
import { checked, networkState, openNetwork } from '../../../worker/network.ts'
import type { Proof } from './proofs.ts'

/** Pools change with every block: they are asked for again until all answers are of one state. */
const ATTEMPTS = 6

type PoolName = keyof typeof pools

export interface SupplyView {
  readonly height: number
  readonly proof: Proof
  readonly pools: readonly { readonly name: PoolName; readonly address: string; readonly grains: bigint }[]
  /** What all other accounts and contracts hold: the rest. */
  readonly accountsGrains: bigint
  readonly totalGrains: bigint
  /** Sum of every balance in the state, as the node counts it. */
  readonly countedGrains: bigint
  /** Bonds of delegates, a part of the stakes. */
  readonly bondsGrains: bigint
}

const addresses = (Object.keys(pools) as PoolName[]).map((name) => ({ name, address: formatAddress(pools[name]) }))

/** Where all SSP are, in one state of the chain, with proofs where the light client has them. Throws RPC_*. */
export async function supply(): Promise<SupplyView> {
  const { rpc } = (await openNetwork()).client
  const [found, { supplyGrains }, { delegates }] = await Promise.all([balances(), rpc.status(), rpc.delegates()])
  const held = found.grains.reduce((sum, grains) => sum + grains, 0n)
  return {
    height: found.height,
    proof: found.proof,
    pools: addresses.map((pool, i) => ({ ...pool, grains: found.grains[i] ?? 0n })),
    accountsGrains: TOTAL_SUPPLY_GRAINS - held,
    totalGrains: TOTAL_SUPPLY_GRAINS,
    countedGrains: supplyGrains,
    bondsGrains: delegates.reduce((sum, { bondGrains }) => sum + bondGrains, 0n),
  }
}

async function balances(): Promise<{ height: number; grains: bigint[]; proof: Proof }> {
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const all = await checked('supply', (client, trust, rules) =>
        Promise.all(addresses.map(({ address }) => checkBalance(client.rpc, trust, address, { nowMs: rules.nowMs }))),
      )
      const height = all[0]?.height ?? 0
      if (all.some((one) => one.height !== height)) continue
      const proof: Proof = { state: 'verified', height, code: null, node: networkState().node }
      return { height, grains: all.map(({ grains }) => grains), proof }
    }
    return await told('RPC_BUSY')
  } catch (error) {
    if (!SmartshareError.is(error) || error.code.startsWith('RPC_UNREACHABLE')) throw error
    return await told(error.code)
  }
}

/** Balances that a node tells; of one state unless it is very busy. */
async function told(code: string): Promise<{ height: number; grains: bigint[]; proof: Proof }> {
  const { rpc } = (await openNetwork()).client
  const all = await Promise.all(addresses.map(({ address }) => rpc.account(address)))
  const height = Math.max(...all.map((one) => one.height))
  const state = code.startsWith('PROOF_') ? 'lie' : 'unverified'
  return { height, grains: all.map(({ grains }) => grains), proof: { state, height, code, node: networkState().node } }
}
