// A proxy in front of a node that changes what it answers, as an operator could who wants to deceive clients.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What comes instead of the true result of a call; undefined leaves it as it is. */
// biome-ignore lint/suspicious/noExplicitAny: results of all methods
export type Lie = (method: string, params: any, result: any) => unknown

export class LyingNode {
  readonly url: string
  /** How it lies now. */
  lie: Lie = () => undefined
  /** Methods that were asked for, in order. */
  readonly asked: string[] = []
  private readonly server: ReturnType<typeof createServer>

  private constructor(server: ReturnType<typeof createServer>) {
    this.server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async before(truth: string): Promise<LyingNode> {
    let node: LyingNode
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      const body = Buffer.concat(parts).toString()
      const headers = { 'content-type': 'application/json' }
      const reply = await fetch(truth, { method: 'POST', headers, body })
      const answer = (await reply.json()) as { result?: unknown }
      const { method, params } = JSON.parse(body)
      node.asked.push(method)
      if ('result' in answer) {
        answer.result = node.lie(method, params, structuredClone(answer.result)) ?? answer.result
      }
      response.writeHead(200, headers).end(JSON.stringify(answer))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    node = new LyingNode(server)
    return node
  }

  close(): void {
    this.server.close()
    this.server.closeAllConnections()
  }
}
