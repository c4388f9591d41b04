import { createLink } from './create-link.ts'
import { addressOf, seedOf } from './link-fixture.ts'

// A peer in a process of its own, for tests that kill it. Arguments: name, role, port to listen on, address to dial.
// `flood` opens a channel and sends without end; `answer` answers requests with what it got; `sink` reads channels; `end` uses the link, closes
// it, and ends only if nothing was left open.
const [name = 'peer', role = 'answer', port = '0', address] = process.argv.slice(2)
const PROTOCOL = '/smartshare/test/1'
const MESSAGE_BYTES = 1024 * 1024

const link = await createLink({
  privateKeySeed: seedOf(name),
  listen: [`/ip4/127.0.0.1/tcp/${port}`],
  localNetwork: true,
})
if (role === 'answer') await link.handle(PROTOCOL, (body) => body)
if (role === 'sink') {
  await link.onChannel(PROTOCOL, async (channel) => {
    for await (const _message of channel);
  })
}
process.send?.(addressOf(link))
if (role === 'flood' && address !== undefined) {
  const channel = await link.openChannel(await link.dial(address), PROTOCOL)
  const message = new Uint8Array(MESSAGE_BYTES).fill(1)
  for (;;) await channel.send(message)
}
if (role === 'end' && address !== undefined) {
  const stop = link.keepConnected([address])
  const channel = await link.openChannel(await link.dial(address), PROTOCOL)
  await channel.send(new Uint8Array(MESSAGE_BYTES))
  stop()
  await link.close()
  process.disconnect?.()
}
