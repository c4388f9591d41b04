import type { Header } from '@smartshare/chain'
import type { Parameters } from './parameters.ts'

/** The price moves by at most an eighth per block. */
const STEP_DIVISOR = 8n

/**
 * Base price of gas of the block after `parent`: it rises while blocks are fuller than the target and falls while they are
 * emptier, by at most an eighth, within the network's bounds (compare EIP-1559).
 */
export function nextBasePrice(parent: Pick<Header, 'basePrice' | 'gas'>, parameters: Parameters): bigint {
  const target = BigInt(parameters.targetBlockGas)
  const surplus = BigInt(parent.gas) - target
  let change = (parent.basePrice * surplus) / target / STEP_DIVISOR
  if (change === 0n && surplus > 0n) change = 1n
  const price = parent.basePrice + change
  if (price < parameters.leastBasePrice) return parameters.leastBasePrice
  return price > parameters.mostBasePrice ? parameters.mostBasePrice : price
}
