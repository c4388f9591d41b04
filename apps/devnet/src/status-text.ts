import type { DevnetStatus } from './status.ts'

const MIB = 1024 * 1024
const NAME_WIDTH = 9
const PID_WIDTH = 16
const URL_WIDTH = 26

/** Height, final, tx/s, peers, stored bytes, and what is down. */
export function liveLine(status: DevnetStatus): string {
  const { height, final, txPerSecond, peers, delegates, providers, indexers, storedBytes, down, urls } = status
  const all = delegates.length + providers.length + 1 + indexers.length + (urls.agent === null ? 0 : 1)
  const parts = [
    height === null
      ? 'no delegate answers'
      : `height ${height} · final ${final} · ${txPerSecond?.toFixed(1)} tx/s · ${peers} peers`,
    ...(providers.length === 0 ? [] : [`${(storedBytes / MIB).toFixed(1)} MiB stored`]),
    `${all - down.length} of ${all} up`,
    ...(down.length === 0 ? [] : [`down: ${down.join(' ')}`]),
  ]
  return parts.join(' · ')
}

/** One line about the network and one about each of its processes. */
export function statusText(status: DevnetStatus): string {
  const line = (name: string, pid: number | null, url: string, more: string) =>
    `  ${name.padEnd(NAME_WIDTH)}${(pid === null ? 'down' : `process ${pid}`).padEnd(PID_WIDTH)}${url.padEnd(URL_WIDTH)}${more}`.trimEnd()
  return [
    liveLine(status),
    ...status.delegates.map(({ name, pid, rpc, height, stateRoot }) =>
      line(name, pid, rpc, height === null ? '' : `height ${height}, state ${stateRoot?.slice(0, 16)}…`),
    ),
    ...status.providers.map(({ name, pid, status: url, storedBytes }) =>
      line(name, pid, url, storedBytes === null ? '' : `${(storedBytes / MIB).toFixed(1)} MiB stored`),
    ),
    ...status.indexers.map(({ name, pid, url, height }) =>
      line(name, pid, url, height === null ? '' : `height ${height}`),
    ),
  ].join('\n')
}
