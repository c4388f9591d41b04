import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { NodeStatus } from './api.ts'

/** What a node measures about itself; the RPC server adds its own. */
export class NodeMetrics {
  readonly registry = new Registry()
  readonly transactions: Counter
  readonly blocks: Counter

  constructor(status: () => NodeStatus & { height: number; evidence: number; halted: boolean }) {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry })
    this.transactions = new Counter({
      name: 'smartshare_transactions_total',
      help: 'Transactions executed since the start',
      registers,
    })
    this.blocks = new Counter({ name: 'smartshare_blocks_total', help: 'Blocks executed since the start', registers })
    const gauges: [string, string, (now: ReturnType<typeof status>) => number][] = [
      ['smartshare_height', 'Height executed and on disk', (now) => now.height],
      ['smartshare_final_height', 'Height of the last final block', (now) => now.finalHeight],
      ['smartshare_term', 'Running term', (now) => now.term],
      ['smartshare_slot', 'Running slot of the term', (now) => now.slot],
      ['smartshare_peers', 'Nodes connected', (now) => now.peers],
      ['smartshare_mempool_transactions', 'Transactions that wait', (now) => now.mempoolTransactions],
      ['smartshare_transactions_per_second', 'Final transactions per second, lately', (now) => now.txPerSecond],
      ['smartshare_protocol_version', 'Version of the protocol in force', (now) => now.protocol.version],
      [
        'smartshare_protocol_too_old',
        'Whether a version of the protocol is decided that this node does not know',
        ({ protocol }) => ((protocol.next?.version ?? protocol.version) > protocol.latest ? 1 : 0),
      ],
      ['smartshare_evidence', 'Contradictions of delegates seen since the start', (now) => now.evidence],
      ['smartshare_healthy', 'Whether the node is well', (now) => (now.healthy ? 1 : 0)],
      ['smartshare_halted', 'Whether the node cannot go on and answers nothing', (now) => (now.halted ? 1 : 0)],
    ]
    for (const [name, help, read] of gauges) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read(status()))
        },
      })
    }
  }
}
