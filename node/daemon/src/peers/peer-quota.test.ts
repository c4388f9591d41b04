import { describe, expect, it } from 'vitest'
import { PeerQuota } from './peer-quota.ts'

describe('what a peer may say', () => {
  it('is bounded by kind, and comes back with time', () => {
    const quota = new PeerQuota(0)
    const said = Array.from({ length: 40 }, () => quota.take('proposal', 0))
    expect(said.filter((verdict) => verdict === 'good')).toHaveLength(32)
    expect(said.at(-1)).toBe('over')
    expect(quota.take('votes', 0)).toBe('good')
    expect(quota.take('proposal', 1_000)).toBe('good')
  })

  it('is no ask while the pages are paid off that it got, and that is no fault of it', () => {
    const quota = new PeerQuota(0)
    quota.charge(48 * 1024 * 1024, 0)
    expect(quota.take('ask', 499)).toBe('wait')
    expect(quota.take('votes', 499)).toBe('good')
    expect(quota.take('ask', 501)).toBe('good')
  })
})
