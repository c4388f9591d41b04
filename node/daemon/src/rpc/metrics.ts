import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What the RPC server measures, in the registry of its node. */
export class RpcMetrics {
  readonly calls: Counter<'method' | 'outcome'>
  readonly seconds: Histogram<'method'>
  readonly sockets: Gauge
  readonly subscriptions: Gauge
  readonly cut: Counter
  readonly busy: Counter

  private readonly registry: Registry

  constructor(registry: Registry) {
    this.registry = registry
    const registers = [registry]
    this.calls = new Counter({
      name: 'smartshare_rpc_calls_total',
      help: 'Calls by method and outcome: ok, or the code of the refusal',
      labelNames: ['method', 'outcome'],
      registers,
    })
    this.seconds = new Histogram({
      name: 'smartshare_rpc_call_seconds',
      help: 'Time from reading a call to its answer',
      labelNames: ['method'],
      buckets: [0.0005, 0.002, 0.01, 0.05, 0.2, 1, 5],
      registers,
    })
    this.sockets = new Gauge({ name: 'smartshare_rpc_sockets', help: 'WebSocket clients', registers })
    this.subscriptions = new Gauge({ name: 'smartshare_rpc_subscriptions', help: 'Open subscriptions', registers })
    this.cut = new Counter({
      name: 'smartshare_rpc_slow_clients_total',
      help: 'WebSocket clients that were cut because they read too slowly',
      registers,
    })
    this.busy = new Counter({
      name: 'smartshare_rpc_busy_total',
      help: 'Requests refused because too many were in work',
      registers,
    })
  }

  /** Takes the figures out of the registry: the next server of the node brings its own. */
  close(): void {
    const names = ['calls_total', 'call_seconds', 'sockets', 'subscriptions', 'slow_clients_total', 'busy_total']
    for (const name of names) this.registry.removeSingleMetric(`smartshare_rpc_${name}`)
  }
}
