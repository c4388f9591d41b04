import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Follower } from '../follow/follower.ts'

/** What an indexer measures. */
export class IndexMetrics {
  readonly registry = new Registry()
  readonly answers: Counter<'question' | 'outcome'>
  readonly seconds: Histogram<'question'>

  constructor(follower: Follower) {
    const registers = [this.registry]
    this.answers = new Counter({
      name: 'smartshare_index_answers_total',
      help: 'Answers by question and outcome: ok, or the code of the refusal',
      labelNames: ['question', 'outcome'],
      registers,
    })
    this.seconds = new Histogram({
      name: 'smartshare_index_answer_seconds',
      help: 'Time from reading a question to its answer',
      labelNames: ['question'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 5],
      registers,
    })
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    gauge('smartshare_index_height', 'Latest block in the database', () => follower.state?.height ?? 0)
    gauge(
      'smartshare_index_lag_blocks',
      'Blocks that the database is behind the node; -1 while that is not known',
      () => {
        const { nodeHeight, state } = follower
        return nodeHeight === null || state === undefined ? -1 : Math.max(0, nodeHeight - state.height)
      },
    )
    gauge('smartshare_index_events', 'Events in the database', () => follower.state?.events ?? 0)
    gauge('smartshare_index_problem', '1 while something keeps the index from going on', () =>
      follower.problem === null ? 0 : 1,
    )
  }
}
