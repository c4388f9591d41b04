import { verifiedBalance } from '../web-test.ts'
import { go, lookEverywhere, type Tour } from './tour.ts'

const FAUCET_GRAINS = 10_000_000_000n
const WAYS = ['send', 'receive', 'accounts', 'shared', 'contacts', 'messages']

/** Every place of the wallet, as whoever has money sees it. */
export const tour: Tour = async ({ page }) => {
  await go(page, '/wallet')
  await verifiedBalance(page, FAUCET_GRAINS)
  await lookEverywhere(page, 'wallet')
  for (const way of WAYS) {
    await go(page, `/wallet/${way}`)
    await lookEverywhere(page, `wallet-${way}`)
  }
}
