import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { AgentStatus } from './status.ts'

/** Everything an agent measures, in the form that Prometheus reads. */
export interface AgentMetrics {
  readonly contentType: string
  /** The figures of this moment. */
  text(): Promise<string>
}

/** Metrics that are taken from the agent's status whenever they are asked for. */
export function agentMetrics(status: () => Promise<AgentStatus>): AgentMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'smartshare_agent_' })
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name: `smartshare_agent_${name}`, help, labelNames, registers: [registry] })
  const healthy = gauge('healthy', '1 while the agent does all that it should')
  const agreements = gauge('agreements', 'Own agreements that are not closed')
  const inspections = gauge('inspections', 'Inspections since the start, by outcome', 'outcome')
  const earnings = gauge('earnings_grains', 'What was earned and lost since the agent was made', 'kind')
  const paid = gauge('paid_units', 'Smallest units of tokens that were paid out since the agent was made', 'token')
  const meter = gauge('service', 'What the services measure', 'service', 'quantity')
  return {
    contentType: registry.contentType,
    async text() {
      const now = await status()
      healthy.set(now.healthy ? 1 : 0)
      agreements.set(now.agreements)
      inspections.set({ outcome: 'passed' }, now.inspections.passed)
      inspections.set({ outcome: 'missed' }, now.inspections.missed)
      const { paidTokens, ...inGrains } = now.earnings
      for (const [kind, grains] of Object.entries(inGrains)) earnings.set({ kind }, Number(grains))
      for (const [token, units] of Object.entries(paidTokens)) paid.set({ token }, Number(units))
      for (const { kind, meter: quantities } of now.services) {
        for (const [quantity, value] of Object.entries(quantities)) meter.set({ service: kind, quantity }, value)
      }
      return registry.metrics()
    },
  }
}
