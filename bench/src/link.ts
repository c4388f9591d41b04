import { type ChildProcess, fork } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:tls'
import { createLink, type Encryption } from '@smartshare/link'

/** One line of output, as in docs/interfaces: `peerValue` and `ratio` where something was measured beside it. */
export interface LinkBenchRow {
  readonly bench: 'link'
  readonly metric: string
  readonly unit: string
  readonly value: number
  readonly peer?: string
  readonly peerValue?: number
  readonly ratio?: number
}

const KIB = 1024
const MIB = 1024 * KIB
const TRANSFER_BYTES = 512 * MIB
const WARM_UP_BYTES = 128 * MIB
const REQUESTS = 20_000
const REQUESTS_IN_FLIGHT = 64
const SEED = new Uint8Array(32).fill(1)

interface Speed {
  readonly mibPerSecond: number
  /** CPU seconds per GiB. */
  readonly sendCpu: number
  readonly receiveCpu: number
}

/**
 * Messages of 64 KiB to 1 MiB through a channel to another process over loopback, with TLS and Noise, beside a raw TLS
 * socket between the same kind of processes; CPU seconds per GiB on each side; small requests per second.
 */
export async function benchLink(report: (row: LinkBenchRow) => void): Promise<void> {
  const raw = await Receiver.start({ kind: 'tls', ...selfSigned() })
  const tls = await Receiver.start({ kind: 'link', encryption: 'tls' })
  const noise = await Receiver.start({ kind: 'link', encryption: 'noise' })
  try {
    for (const [name, size] of [
      ['64k', 64 * KIB],
      ['256k', 256 * KIB],
      ['1m', MIB],
    ] as const) {
      const floor = await rawTransfer(raw, size)
      const channel = await channelTransfer(tls, 'tls', size)
      const compare = (metric: string, unit: string, value: number, peerValue: number): void =>
        report({ bench: 'link', metric, unit, value, peer: 'raw TLS socket', peerValue, ratio: value / peerValue })
      compare(`channel_${name}_mib_per_s`, 'MiB/s', channel.mibPerSecond, floor.mibPerSecond)
      compare(`channel_${name}_send_cpu`, 's/GiB', channel.sendCpu, floor.sendCpu)
      compare(`channel_${name}_receive_cpu`, 's/GiB', channel.receiveCpu, floor.receiveCpu)
      if (size !== MIB) continue
      const other = await channelTransfer(noise, 'noise', size)
      compare('channel_1m_noise_mib_per_s', 'MiB/s', other.mibPerSecond, floor.mibPerSecond)
    }
    report({ bench: 'link', metric: 'requests_per_s', unit: '1/s', value: await requestsPerSecond(tls) })
  } finally {
    for (const receiver of [raw, tls, noise]) receiver.stop()
  }
}

/** The process that receives. */
class Receiver {
  readonly address: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, address: string) {
    this.#child = child
    this.address = address
  }

  static async start(role: Readonly<Record<string, string>>): Promise<Receiver> {
    const fromSource = import.meta.url.endsWith('.ts')
    const script = new URL(fromSource ? './link-worker.ts' : './link-worker.js', import.meta.url)
    const child = fork(script, [JSON.stringify(role)], fromSource ? { execArgv: ['--conditions=source'] } : {})
    const [{ address }] = (await once(child, 'message')) as [{ address: string }]
    return new Receiver(child, address)
  }

  /** What the receiver says after the next transfer. */
  async result(): Promise<{ cpuSeconds: number; bytes: number }> {
    const [result] = (await once(this.#child, 'message')) as [{ cpuSeconds: number; bytes: number }]
    return result
  }

  stop(): void {
    this.#child.kill()
  }
}

async function measured(receiver: Receiver, transfer: () => Promise<void>): Promise<Speed> {
  const result = receiver.result()
  const startCpu = process.cpuUsage()
  const startMs = performance.now()
  await transfer()
  const { cpuSeconds, bytes } = await result
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(startCpu)
  const gib = bytes / (1024 * MIB)
  return { mibPerSecond: bytes / MIB / seconds, sendCpu: (user + system) / 1e6 / gib, receiveCpu: cpuSeconds / gib }
}

async function channelTransfer(receiver: Receiver, encryption: Encryption, messageBytes: number): Promise<Speed> {
  const link = await createLink({ privateKeySeed: SEED, listen: [], localNetwork: true, encryption: [encryption] })
  const peer = await link.dial(receiver.address)
  const message = new Uint8Array(messageBytes).fill(7)
  const send = async (totalBytes: number): Promise<void> => {
    const channel = await link.openChannel(peer, '/smartshare/bench/1')
    for (let sent = 0; sent < totalBytes; sent += messageBytes) await channel.send(message)
    await channel.close()
  }
  await measured(receiver, () => send(WARM_UP_BYTES))
  const speed = await measured(receiver, () => send(TRANSFER_BYTES))
  await link.close()
  return speed
}

async function rawTransfer(receiver: Receiver, messageBytes: number): Promise<Speed> {
  const message = new Uint8Array(messageBytes).fill(7)
  const send = async (totalBytes: number): Promise<void> => {
    const socket = connect({ port: Number(receiver.address), host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    for (let sent = 0; sent < totalBytes; sent += messageBytes) {
      if (!socket.write(message)) await once(socket, 'drain')
    }
    socket.end()
    socket.resume()
    await once(socket, 'close')
  }
  await measured(receiver, () => send(WARM_UP_BYTES))
  return measured(receiver, () => send(TRANSFER_BYTES))
}

async function requestsPerSecond(receiver: Receiver): Promise<number> {
  const link = await createLink({ privateKeySeed: SEED, listen: [], localNetwork: true })
  const peer = await link.dial(receiver.address)
  const body = new Uint8Array(256)
  let asked = 0
  const startMs = performance.now()
  const askAll = async (): Promise<void> => {
    while (asked++ < REQUESTS) await link.request(peer, '/smartshare/bench-request/1', body)
  }
  await Promise.all(Array.from({ length: REQUESTS_IN_FLIGHT }, askAll))
  const seconds = (performance.now() - startMs) / 1000
  await link.close()
  return REQUESTS / seconds
}

/** A self-signed P-256 certificate (X.509 v3, RFC 5280) with empty names, for the raw socket. */
function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
    const body = Buffer.concat(parts)
    const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
    return Buffer.concat([Buffer.from([tag, ...length]), body])
  }
  const time = (text: string): Buffer => der(0x17, Buffer.from(text))
  const ecdsaWithSha256 = Buffer.from('300a06082a8648ce3d040302', 'hex')
  const version3 = der(0xa0, der(0x02, Buffer.from([2])))
  const serial = der(0x02, Buffer.from([1]))
  const noName = der(0x30)
  const validity = der(0x30, time('200101000000Z'), time('491231235959Z'))
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' })
  const body = der(0x30, version3, serial, ecdsaWithSha256, noName, validity, noName, publicInfo)
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const bytes = der(0x30, body, ecdsaWithSha256, signature)
  const cert = `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert }
}
