import { createServer } from 'node:net'

const HOST = '127.0.0.1'
/**
 * Between those that local networks choose from and those that systems hand out by themselves (from 32,768 on Linux): a
 * connection that some process opens before the port is listened on must not be given it.
 */
const FIRST = 22_000
const COUNT = 10_000

/** Given out in this process. */
const given = new Set<number>()

/** A port for a server that is started later: free now, and another one with each call. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
