import type { OfferView } from '@smartshare/runtime'
import type { AgentChain, OfferTerms } from './chain.ts'

/**
 * Brings the standing offer to the owner's terms: posts it, or moves, changes and tops it up. The price strategy is
 * "fixed": what the owner has set. Returns the offer as it stands then. Throws the chain's codes (no money …).
 */
export async function keepOffer(chain: AgentChain, terms: OfferTerms): Promise<OfferView | undefined> {
  const standing = await chain.ownOffer()
  if (standing === undefined) await chain.postOffer(terms)
  else await chain.adjustOffer(standing, terms)
  return chain.ownOffer()
}
