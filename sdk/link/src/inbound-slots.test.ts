import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressGroup, type Inbound, makeRoom } from './inbound-slots.ts'

const limits = { maxInboundConnections: 6, maxInboundPerGroup: 3 }

function inboundOf(peer: string, address: string, more: Partial<Inbound> = {}): Inbound {
  return { peer, address, score: 0, openedMs: 0, isProtected: false, ...more }
}

describe('places for those who connect to us', () => {
  it('are counted by networks, not by addresses', () => {
    expect(addressGroup('/ip4/10.1.2.3/tcp/1')).toBe(addressGroup('/ip4/10.1.200.9/tcp/2/p2p/x'))
    expect(addressGroup('/ip4/10.1.2.3/tcp/1')).not.toBe(addressGroup('/ip4/10.2.2.3/tcp/1'))
    expect(addressGroup('/ip6/2001:db8::1/tcp/1')).toBe(addressGroup('/ip6/2001:0db8:ffff::2/tcp/1'))
    expect(addressGroup('/ip6/2001:db9::1/tcp/1')).not.toBe(addressGroup('/ip6/2001:db8::1/tcp/1'))
    expect(addressGroup('/ip6/::1/tcp/1')).toBe('ip6/0:0')
  })

  it('are not all given to one network, also while there is room', () => {
    const three = ['a', 'b', 'c'].map((peer, i) => inboundOf(peer, `/ip4/10.1.${i}.1/tcp/1`))
    expect(makeRoom('/ip4/10.1.9.9/tcp/1', three, limits)).toEqual({ enters: false })
    expect(makeRoom('/ip4/10.2.9.9/tcp/1', three, limits)).toEqual({ enters: true })
  })

  it('when taken, are made free by the largest network, its worst and youngest first, never by who is protected', () => {
    const full = [
      inboundOf('old', '/ip4/10.1.1.1/tcp/1', { openedMs: 1 }),
      inboundOf('young', '/ip4/10.1.1.2/tcp/1', { openedMs: 9 }),
      inboundOf('good', '/ip4/10.1.1.3/tcp/1', { score: 5, openedMs: 99 }),
      inboundOf('alone', '/ip4/10.2.1.1/tcp/1', { score: -5 }),
      inboundOf('other', '/ip4/10.3.1.1/tcp/1'),
      inboundOf('another', '/ip4/10.4.1.1/tcp/1'),
    ]
    expect(makeRoom('/ip4/10.5.0.1/tcp/1', full, limits)).toEqual({ enters: true, leaves: 'young' })
    const kept = full.map((one) => (one.peer === 'young' ? { ...one, isProtected: true } : one))
    expect(makeRoom('/ip4/10.5.0.1/tcp/1', kept, limits)).toEqual({ enters: true, leaves: 'old' })
    const all = full.map((one) => ({ ...one, isProtected: true }))
    expect(makeRoom('/ip4/10.5.0.1/tcp/1', all, limits)).toEqual({ enters: false })
  })

  it('cannot be taken from honest peers of many networks by a flood of few, however long it lasts', () => {
    const floods = fc.array(fc.record({ group: fc.nat(1), host: fc.nat(255) }), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(floods, (flood) => {
        const honest = [0, 1, 2, 3].map((i) => inboundOf(`honest ${i}`, `/ip4/20.${i}.0.1/tcp/1`))
        let now: Inbound[] = [...honest]
        for (const [i, { group, host }] of flood.entries()) {
          const address = `/ip4/66.${group}.0.${host}/tcp/${i}`
          const { enters, leaves } = makeRoom(address, now, limits)
          now = now.filter(({ peer }) => peer !== leaves)
          if (enters) now.push(inboundOf(`flood ${i}`, address, { openedMs: i }))
          expect(now.length).toBeLessThanOrEqual(limits.maxInboundConnections)
        }
        expect(honest.every((one) => now.includes(one))).toBe(true)
      }),
    )
  })
})
