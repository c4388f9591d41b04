import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { AgentStatus } from './status.ts'

/** Everything an agent measures, for Prometheus: read from its status at the moment it is asked for. */
export function agentMetrics(status: () => Promise<AgentStatus>): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'smartshare_agent_' })
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `smartshare_agent_${name}`, help, registers: [registry] })
  const healthy = gauge('healthy', '1 while the agent does all that it should')
  const agreements = gauge('agreements', 'Own agreements that are not closed')
  const inspections = new Gauge({
    name: 'smartshare_agent_inspections',
    help: 'Inspections since the start, by outcome',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const earnings = new Gauge({
    name: 'smartshare_agent_earnings_grains',
    help: 'What was earned and lost since the agent was made',
    labelNames: ['kind'],
    registers: [registry],
  })
  const meter = new Gauge({
    name: 'smartshare_agent_service',
    help: 'What the services measure',
    labelNames: ['service', 'quantity'],
    registers: [registry],
    // One collector for all: the registry calls each, and the status is asked for once.
    async collect() {
      const now = await status()
      healthy.set(now.healthy ? 1 : 0)
      agreements.set(now.agreements)
      inspections.set({ outcome: 'passed' }, now.inspections.passed)
      inspections.set({ outcome: 'missed' }, now.inspections.missed)
      for (const [kind, grains] of Object.entries(now.earnings)) earnings.set({ kind }, Number(grains))
      for (const { kind, meter: quantities } of now.services) {
        for (const [quantity, value] of Object.entries(quantities)) this.set({ service: kind, quantity }, value)
      }
    },
  })
  meter.reset()
  return registry
}
