import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, calls, openWallet, type Sender } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { parseAddress } from '@smartshare/crypto'
import type { WebSettings } from './settings.ts'

/** What one request gives. */
const FAUCET_GRAINS = 100n * 100_000_000n
const MAX_AT_WORK = 8

export interface FaucetPayment {
  readonly tx: string
  readonly height: number
  readonly grains: string
}

/** Gives money away on a local network, where it is worth nothing. Its key is opened at the first request. */
export class Faucet {
  private readonly settings: WebSettings
  private readonly folder: string
  private opening: Promise<{ client: Client; sender: Sender }> | undefined
  private atWork = 0

  constructor(settings: WebSettings, folder: string) {
    this.settings = settings
    this.folder = folder
  }

  /** Pays, and waits until that is final. Throws WEB_FAUCET, ADDRESS_TEXT_INVALID, what a payment fails with. */
  async give(to: unknown): Promise<FaucetPayment> {
    if (this.settings.faucet === null) throw new SmartshareError('WEB_FAUCET', 'this network has no faucet')
    const address = parseAddress(typeof to === 'string' ? to : '')
    if (this.atWork >= MAX_AT_WORK) throw new SmartshareError('WEB_FAUCET', 'the faucet is busy: try again in a moment')
    this.atWork += 1
    try {
      const { sender } = await this.open(this.settings.faucet)
      const { id, height } = await sender.sendAndWait({ calls: [calls.transfer(address, FAUCET_GRAINS)] })
      return { tx: id, height, grains: `${FAUCET_GRAINS}` }
    } finally {
      this.atWork -= 1
    }
  }

  async close(): Promise<void> {
    const opened = await this.opening?.catch(() => undefined)
    opened?.client.close()
  }

  private open(faucet: NonNullable<WebSettings['faucet']>) {
    this.opening ??= (async () => {
      const { rpc, ws, chainId } = this.settings.network
      const keyFile = readFileSync(join(this.folder, faucet.keyFile), 'utf8')
      const password = readFileSync(join(this.folder, faucet.passwordFile), 'utf8').trim()
      const wallet = await openWallet(keyFile, password)
      const client = await Client.connect({ rpc, ws, chainId })
      return { client, sender: client.sender(wallet.account()) }
    })()
    this.opening.catch(() => {
      // The next request tries again: the nodes may only be starting.
      this.opening = undefined
    })
    return this.opening
  }
}
