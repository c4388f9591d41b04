import { createServer } from 'node:tls'
import { createLink, type Encryption } from '@smartshare/link'

// The receiving process of the link bench. Argument: JSON of a Role. Says its address, then for every transfer received the CPU seconds and the bytes.
interface Role {
  readonly kind: 'link' | 'tls'
  readonly encryption?: Encryption
  /** PEM, of raw TLS. */
  readonly key?: string
  readonly cert?: string
}

const role = JSON.parse(process.argv[2] ?? '{}') as Role
const SEED = new Uint8Array(32).fill(2)

function report(startCpu: NodeJS.CpuUsage, bytes: number): void {
  const { user, system } = process.cpuUsage(startCpu)
  process.send?.({ cpuSeconds: (user + system) / 1e6, bytes })
}

if (role.kind === 'link') {
  const link = await createLink({
    privateKeySeed: SEED,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    localNetwork: true,
    encryption: [role.encryption ?? 'tls'],
  })
  await link.onChannel('/smartshare/bench/1', async (channel) => {
    const startCpu = process.cpuUsage()
    let bytes = 0
    for await (const message of channel) bytes += message.length
    report(startCpu, bytes)
  })
  await link.handle('/smartshare/bench-request/1', (body) => body, { requestsPerSecond: 1e9, bytesPerSecond: 1e12 })
  process.send?.({ address: link.addresses[0] })
} else {
  const server = createServer({ key: role.key, cert: role.cert, minVersion: 'TLSv1.3' }, (socket) => {
    const startCpu = process.cpuUsage()
    let bytes = 0
    socket.on('data', (chunk) => {
      bytes += chunk.length
    })
    socket.on('end', () => {
      report(startCpu, bytes)
      socket.end()
    })
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    process.send?.({ address: typeof address === 'object' ? String(address?.port) : '' })
  })
}
