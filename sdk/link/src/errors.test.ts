import { SmartshareError } from '@smartshare/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeError, encodeError, errorForPeer, MAX_ERROR_BYTES } from './errors.ts'

describe('errors on the wire', () => {
  it('carry code and message within their bound, whatever the message', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Z][A-Z0-9_]{0,63}$/),
        fc.string({ unit: 'grapheme', maxLength: 800 }),
        (code, message) => {
          const payload = encodeError(new SmartshareError(code, message, { secret: 'stays here' }))
          expect(payload.length).toBeLessThanOrEqual(MAX_ERROR_BYTES)
          const back = decodeError(payload, 'peer')
          expect(back.code).toBe(code)
          expect(message.startsWith(back.message)).toBe(true)
          expect(back.details).toEqual({ peer: 'peer', remote: true })
        },
      ),
    )
  })

  it('never let a stranger choose an unknown form of code, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: MAX_ERROR_BYTES }), (payload) => {
        expect(decodeError(payload, 'peer').code).toMatch(/^[A-Z][A-Z0-9_]{0,63}$/)
      }),
    )
  })

  it('tell a peer nothing about failures that were not meant for it', () => {
    expect(errorForPeer(new Error('/home/somebody/secret')).message).not.toContain('secret')
    expect(errorForPeer(new SmartshareError('FULL', 'no room')).code).toBe('FULL')
  })
})
