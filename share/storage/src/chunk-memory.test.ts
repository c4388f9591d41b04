import { describe, expect, it } from 'vitest'
import { ChunkMemory } from './chunk-memory.ts'
import { MAX_MESSAGE_BYTES } from './messages.ts'

describe('memory for chunks', () => {
  it('is used again once it is given back, never before, and never twice at a time', () => {
    const memory = new ChunkMemory()
    const first = memory.take(1000)!
    const second = memory.take(MAX_MESSAGE_BYTES)!
    expect([first.length, second.length]).toEqual([1000, MAX_MESSAGE_BYTES])
    expect(first.buffer).not.toBe(second.buffer)
    memory.give(first.subarray(10, 20))
    memory.give(first)
    const third = memory.take(5)!
    expect(third.buffer).toBe(first.buffer)
    expect(memory.take(5)!.buffer).not.toBe(first.buffer)
  })

  it("can be used again without being given back, and is then nobody else's", () => {
    const memory = new ChunkMemory()
    const first = memory.take(1000)!
    const again = memory.again(first.subarray(5), MAX_MESSAGE_BYTES)
    expect(again.buffer).toBe(first.buffer)
    expect(again.length).toBe(MAX_MESSAGE_BYTES)
    expect(memory.take(1)!.buffer).not.toBe(first.buffer)
  })

  it('tells now and then that some was taken', () => {
    let calls = 0
    const memory = new ChunkMemory(() => calls++)
    for (let i = 0; i < 40; i++) memory.give(memory.take(1)!)
    expect(calls).toBe(2)
  })

  it('leaves alone what is not its own, and gives nothing larger than a message', () => {
    const memory = new ChunkMemory()
    const own = new Uint8Array(MAX_MESSAGE_BYTES)
    memory.give(own)
    memory.give(new Uint8Array(new SharedArrayBuffer(10)))
    const taken = memory.take(MAX_MESSAGE_BYTES)!
    expect(taken.buffer).not.toBe(own.buffer)
    expect(taken.length).toBe(MAX_MESSAGE_BYTES)
    expect(memory.take(MAX_MESSAGE_BYTES + 1)).toBeUndefined()
  })
})
