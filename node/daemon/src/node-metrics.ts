import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { NodeStatus } from './api.ts'
import type { NetworkFigures } from './peers/network.ts'

/** What a status does not tell. */
interface Internals {
  readonly height: number
  readonly evidence: number
  readonly pendingEvidence: number
  readonly halted: boolean
  readonly heavy: { readonly running: number; readonly computed: number }
  readonly network: NetworkFigures
  readonly clock: { readonly offsetMs: number; readonly farthestMs: number }
  readonly mempool: { readonly bytes: number; readonly replaced: number; readonly displaced: number }
}

/** What a node measures about itself; the RPC server adds its own. */
export class NodeMetrics {
  readonly registry = new Registry()
  readonly transactions: Counter
  readonly blocks: Counter

  constructor(status: () => NodeStatus & Internals) {
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
      ['smartshare_clock_offset_ms', "How far the delegates' clocks are ahead, median", (now) => now.clock.offsetMs],
      ['smartshare_clock_farthest_ms', 'How far the worst clock is from that', (now) => now.clock.farthestMs],
      ['smartshare_mempool_bytes', 'Bytes of the transactions that wait', (now) => now.mempool.bytes],
      ['smartshare_link_connections', 'Connections, also those of agents', (now) => now.network.link.connections],
      ['smartshare_link_banned', 'Peers that are banned now', (now) => now.network.link.banned],
      ['smartshare_link_lowest_score', 'Merits less faults of the worst peer', (now) => now.network.link.lowestScore],
      ['smartshare_transactions_per_second', 'Final transactions per second, lately', (now) => now.txPerSecond],
      ['smartshare_protocol_version', 'Version of the protocol in force', (now) => now.protocol.version],
      [
        'smartshare_protocol_too_old',
        'Whether a version of the protocol is decided that this node does not know',
        ({ protocol }) => ((protocol.next?.version ?? protocol.version) > protocol.latest ? 1 : 0),
      ],
      ['smartshare_evidence', 'Contradictions of delegates seen since the start', (now) => now.evidence],
      ['smartshare_evidence_pending', 'Evidence that is not reported with success yet', (now) => now.pendingEvidence],
      ['smartshare_heavy_jobs', 'Heavy calls whose results are not certified', (now) => now.heavy.running],
      ['smartshare_heavy_computed', 'Those of them that this node has computed', (now) => now.heavy.computed],
      ['smartshare_mode', 'Whether the chain is busy', (now) => now.mode],
      ['smartshare_load_gas', 'Load of the last round by gas, in thousandths', (now) => now.load.gas],
      ['smartshare_load_missed', 'Load of the last round by missed slots, in thousandths', (now) => now.load.missed],
      ['smartshare_load_backlog', 'Load of the last round by heavy calls, in thousandths', (now) => now.load.backlog],
      ['smartshare_follow_waiting', 'Followed blocks that wait to be executed', (now) => now.following.waiting],
      ['smartshare_healthy', 'Whether the node is well', (now) => (now.healthy ? 1 : 0)],
      ['smartshare_halted', 'Whether the node cannot go on and answers nothing', (now) => (now.halted ? 1 : 0)],
    ]
    const counters: [string, string, (now: ReturnType<typeof status>) => number][] = [
      ['smartshare_mempool_replaced_total', 'Transactions outbid for their place', (now) => now.mempool.replaced],
      [
        'smartshare_mempool_displaced_total',
        'Transactions outbid for room in a full pool',
        (now) => now.mempool.displaced,
      ],
      [
        'smartshare_compact_complete_total',
        'Blocks put together without asking',
        (now) => now.network.compact.complete,
      ],
      [
        'smartshare_compact_partly_total',
        'Blocks of which transactions were asked for',
        (now) => now.network.compact.partly,
      ],
      ['smartshare_compact_whole_total', 'Blocks of which all was asked for', (now) => now.network.compact.whole],
      ['smartshare_follow_followed_total', 'Blocks taken over from peers', (now) => now.following.followed],
      ['smartshare_follow_sampled_total', 'Of those: executed as samples', (now) => now.following.sampled],
      ['smartshare_follow_executed_total', 'Of those: executed when calm', (now) => now.following.executed],
      ['smartshare_follow_missed_total', 'Of those: never to be executed', (now) => now.following.missed],
      ['smartshare_follow_lies_total', 'Wrong differences of peers', (now) => now.following.lies],
      ['smartshare_link_received_bytes_total', 'Bytes that peers sent', (now) => now.network.link.bytesIn],
      ['smartshare_link_sent_bytes_total', 'Bytes sent to peers', (now) => now.network.link.bytesOut],
      ['smartshare_link_faults_total', 'Faults of peers', (now) => now.network.link.faults],
      ['smartshare_link_bans_total', 'Peers banned for a time', (now) => now.network.link.bans],
      [
        'smartshare_link_crowded_out_total',
        'Connections refused or cut because too many came from one network',
        (now) => now.network.link.crowdedOut,
      ],
      ['smartshare_link_refused_total', 'Requests and channels refused by a quota', (now) => now.network.link.refused],
      ['smartshare_gossip_received_total', 'Batches of transactions heard', (now) => now.network.link.gossipIn],
      [
        'smartshare_gossip_rejected_total',
        'Batches that no honest node passes on',
        (now) => now.network.link.gossipRejected,
      ],
      [
        'smartshare_gossip_ignored_total',
        'Batches with nothing new, or above a quota',
        (now) => now.network.link.gossipIgnored,
      ],
    ]
    for (const [name, help, read] of counters) {
      new Counter({
        name,
        help,
        registers,
        collect() {
          // What is counted elsewhere only grows, within one run of the node.
          this.reset()
          this.inc(read(status()))
        },
      })
    }
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
