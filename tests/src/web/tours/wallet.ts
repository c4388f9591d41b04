import { FAUCET_GRAINS, verifiedBalance } from '../web-test.ts'
import { go, lookEverywhere, type Tour } from './tour.ts'

const WAYS = {
  send: 'Send',
  receive: 'Receive',
  accounts: 'Accounts and backup',
  shared: 'Shared accounts',
  contacts: 'Address book',
  messages: 'Messages',
}

/** Every place of the wallet, as whoever has money sees it. */
export const tour: Tour = async ({ page }) => {
  await go(page, '/wallet', 'Wallet')
  await verifiedBalance(page, FAUCET_GRAINS)
  await lookEverywhere(page, 'wallet')
  for (const [way, title] of Object.entries(WAYS)) {
    await go(page, `/wallet/${way}`, title)
    await lookEverywhere(page, `wallet-${way}`)
  }
}
