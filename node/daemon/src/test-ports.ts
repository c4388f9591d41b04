import { createServer, type Server } from 'node:net'

const HOST = '127.0.0.1'
/**
 * Between those that local networks choose from and those that systems hand out by themselves (from 32,768 on Linux): a
 * connection that some process opens before the port is listened on must not be given it.
 */
const FIRST = 22_000
const SPAN = 50
const RANGES = 200

/** Ports of this process's range that were not given out yet. */
let left: number[] = []

/** A port for a server that is started later: another one with each call, and given to no other process until this one ends. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = left.shift()
    if (port === undefined) left = await takeRange()
    else if (await isFree(port)) return port
  }
}

/** The process that listens on the first port of a range has the others to itself. */
async function takeRange(): Promise<number[]> {
  for (;;) {
    const first = FIRST + SPAN * Math.floor(Math.random() * RANGES)
    const holder = await listenOn(first)
    if (holder === undefined) continue
    holder.unref()
    return Array.from({ length: SPAN - 1 }, (_, i) => first + 1 + i)
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = await listenOn(port)
  if (server === undefined) return false
  await new Promise((resolve) => server.close(resolve))
  return true
}

function listenOn(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host: HOST, port, exclusive: true }, () => resolve(server))
  })
}
