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
 * are, what to try. `dirWords` is what a command needs to find this folder, as ` --dir /tmp/net`, or nothing.
 */
export function banner(status: DevnetStatus, dirWords: string): string {
  const { dir, urls, delegates, providers } = status
  const line = (label: string, text: string) => `  ${label.padEnd(LABEL_WIDTH)}${text}`
  const hints = [
    ['status', 'how the chain is'],
    ['send bob 5', 'pay; final within seconds'],
    ...(providers.length === 0 ? [] : [['put README.md --copies 4', 'store a file on four providers']]),
    ...(urls.agent === null ? [] : [['agent pair', 'the link that lets the web app store files']]),
    ['devnet status', 'what runs'],
    ['devnet down', 'stop it all; the data stay'],
  ].map(([words, what]) => ({ command: `npx smartshare ${words}${dirWords}`, what }))
  const commandWidth = Math.max(...hints.map(({ command }) => command.length))
  return [
    `Smartshare local network, chain ${status.chainId.slice(0, 16)}…, in ${dir}`,
    line('delegates', `${namesOf(delegates)}  ${portsOf(delegates.map(({ rpc }) => rpc))}`),
    ...(providers.length === 0
      ? []
      : [line('providers', `${namesOf(providers)}  ${portsOf(providers.map(({ status: url }) => url))}`)]),
    ...(urls.web === null ? [] : [line('web app', urls.web)]),
    line('WebSocket', urls.ws),
    line('metrics', urls.metrics),
    ...(urls.index === null ? [] : [line('index', `${urls.index}/openapi.json`)]),
    line('logs', join(dir, FILES.delegates, 'd1', FILES.log)),
    ...(providers.length === 0 ? [] : [line('', join(dir, FILES.providers, 'p1', FILES.log))]),
    `Accounts, and what they began with (key files in ${join(dir, FILES.wallets)})`,
    ...Object.entries(PEOPLE).map(([name, grains]) => {
      const address = keyFileAddress(readFileSync(join(dir, FILES.wallets, `${name}.json`), 'utf8'))
      return line(name, `${address}  ${formatAmount(grains, SSP_DECIMALS)} SSP`)
    }),
    'Try next, in another terminal',
    ...hints.map(({ command, what }) => `  ${command.padEnd(commandWidth)}  ${what}`),
    '',
  ].join('\n')
}

function namesOf(seats: readonly { readonly name: string }[]): string {
  return seats.length === 1 ? `${seats[0]?.name}` : `${seats[0]?.name} … ${seats.at(-1)?.name}`
}

/** The first URL whole, of the others the ports. */
function portsOf([first, ...others]: readonly string[]): string {
  return [first, ...others.map((url) => `:${new URL(url).port}`)].join(' ')
}
