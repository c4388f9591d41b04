import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

const HOST = '127.0.0.1'

/** What a link between two nodes does: carry, refuse, or hold back everything without a word. */
export type LinkState = 'open' | 'cut' | 'stalled'

interface Carried {
  readonly near: Socket
  readonly far: Socket
}

/**
 * Every connection between nodes goes through a port of this process, one for each ordered pair, so that links can be cut
 * and held back without any help of the nodes.
 */
export class Links {
  private readonly count: number
  private readonly firstPort: number
  private readonly servers: Server[] = []
  /** By unordered pair. */
  private readonly carried = new Map<string, Set<Carried>>()
  private readonly states = new Map<string, LinkState>()
  /** Bytes that nodes have said to each other, over all links and both ways. */
  carriedBytes = 0

  private constructor(count: number, firstPort: number) {
    this.count = count
    this.firstPort = firstPort
  }

  /** Listens on `count`² ports from `firstPort` on; `targetOf` gives the port on which a node itself listens. */
  static async open(count: number, firstPort: number, targetOf: (node: number) => number): Promise<Links> {
    const links = new Links(count, firstPort)
    for (let from = 0; from < count; from++) {
      for (let to = 0; to < count; to++) {
        if (from === to) continue
        const server = createServer((near) => links.carry(near, targetOf(to), pairOf(from, to)))
        server.listen(links.portOf(from, to), HOST)
        await once(server, 'listening')
        links.servers.push(server)
      }
    }
    return links
  }

  /** Where node `from` finds node `to`. */
  portOf(from: number, to: number): number {
    return this.firstPort + from * this.count + to
  }

  set(a: number, b: number, state: LinkState): void {
    const pair = pairOf(a, b)
    this.states.set(pair, state)
    for (const one of [...(this.carried.get(pair) ?? [])]) {
      if (state === 'cut') end(one)
      else if (state === 'stalled') hold(one)
      else join(one)
    }
  }

  /** All links carry again. */
  heal(): void {
    for (const [pair, state] of this.states) {
      if (state === 'open') continue
      this.states.set(pair, 'open')
      for (const one of this.carried.get(pair) ?? []) join(one)
    }
  }

  close(): void {
    for (const server of this.servers) server.close()
    for (const all of this.carried.values()) for (const one of [...all]) end(one)
  }

  private carry(near: Socket, port: number, pair: string): void {
    if (this.states.get(pair) === 'cut') {
      near.destroy()
      return
    }
    const far = connect({ host: HOST, port })
    const one = { near, far }
    const all = this.carried.get(pair) ?? new Set()
    this.carried.set(pair, all.add(one))
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      socket.on('data', (bytes) => {
        this.carriedBytes += bytes.length
      })
      // Whatever ends one half ends the other.
      socket.on('error', () => undefined)
      socket.on('close', () => {
        all.delete(one)
        end(one)
      })
    }
    if (this.states.get(pair) === 'stalled') hold(one)
    else join(one)
  }
}

function pairOf(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

function end({ near, far }: Carried): void {
  near.destroy()
  far.destroy()
}

function hold({ near, far }: Carried): void {
  near.unpipe(far).pause()
  far.unpipe(near).pause()
}

function join(one: Carried): void {
  hold(one)
  one.near.pipe(one.far)
  one.far.pipe(one.near)
}
