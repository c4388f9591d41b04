import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyFileAddress } from '@smartshare/client'
import { formatAmount, SSP_DECIMALS } from '@smartshare/crypto'
import { PEOPLE } from './genesis.ts'
import { FILES } from './layout.ts'
import type { DevnetStatus } from './status.ts'

const LABEL_WIDTH = 11

/**
 * What a person should know about a network that has just been started: where it answers, who has money, where the logs
 * are, what to try. `smartshare` is how the command is called for this folder.
 */
export function banner(status: DevnetStatus, smartshare: string): string {
  const { dir, urls, delegates, providers } = status
  const line = (label: string, text: string) => `  ${label.padEnd(LABEL_WIDTH)}${text}`
  return [
    `Smartshare local network, chain ${status.chainId.slice(0, 16)}…`,
    line('delegates', delegates.map(({ name, rpc }) => `${name} ${rpc}`).join('  ')),
    ...(providers.length === 0
      ? []
      : [line('providers', providers.map(({ name, status: at }) => `${name} ${at}`).join('  '))]),
    line('WebSocket', urls.ws),
    line('metrics', urls.metrics),
    line('logs', `${join(dir, FILES.delegates, '*', FILES.log)}  ${join(dir, FILES.providers, '*', FILES.log)}`),
    `Accounts of this network, and what they began with (key files in ${join(dir, FILES.wallets)})`,
    ...Object.entries(PEOPLE).map(([name, grains]) => {
      const address = keyFileAddress(readFileSync(join(dir, FILES.wallets, `${name}.json`), 'utf8'))
      return line(name, `${address}  ${formatAmount(grains, SSP_DECIMALS)} SSP`)
    }),
    'Try next',
    ...['status', 'balance', 'send bob 5', 'delegates', 'devnet status', 'devnet down'].map(
      (words) => `  ${smartshare} ${words}`,
    ),
    '',
  ].join('\n')
}
