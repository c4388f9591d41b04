import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { RangeAccumulator } from '@smartshare/crypto'
import { MemoryState, type StateChange, StateJournal, StateTree } from '@smartshare/state'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChainStore, type ExecutedHeight } from './chain-store.ts'
import { codeOf, heightOf, inFolder, rootFromScratch } from './testing.ts'

const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes).toString('hex'))
const key = fc
  .uint8Array({ minLength: 1, maxLength: 3 })
  .map((bytes) => bytes.map((byte) => [0, 1, 97, 255][byte & 3]!))
const value = fc.uint8Array({ minLength: 1, maxLength: 80 })

/** A block of random writes over a journal, which knows the previous values. */
function changesOf(store: ChainStore, writes: readonly (readonly [Uint8Array, Uint8Array | null])[]): StateChange[] {
  const journal = new StateJournal(store.state)
  for (const [k, v] of writes) {
    if (v === null) journal.delete(k)
    else journal.set(k, v)
  }
  return journal.changes()
}

/** Starts code of this package in a process of its own; its lines come as an async iterator. */
function startChild(code: string, args: readonly string[]): { child: ChildProcess; lines: AsyncIterator<string> } {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  const imports = `
    const { ChainStore } = await import(${module('./chain-store.ts')})
    const { heightOf, codeOf, rootFromScratch } = await import(${module('./testing.ts')})
    const { StateJournal, StateTree } = await import(${JSON.stringify(import.meta.resolve('@smartshare/state'))})
    const [folder] = process.argv.slice(1)`
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', imports + code, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { child, lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator]() }
}

/** Executes blocks of random changes for ever, and tells each height and root once it is committed. */
const COMMIT_FOR_EVER = `
  const store = ChainStore.open(folder)
  const tree = new StateTree(store.pages, { height: store.height ?? 0 })
  let seed = Number(process.argv[2])
  const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0)
  const pending = []
  let overlay = new StateJournal(store.state)
  for (let height = (store.height ?? -1) + 1; ; height += 1) {
    const journal = new StateJournal(overlay)
    for (let i = 0; i < 200; i += 1) {
      const key = Buffer.alloc(20)
      key.writeUInt32BE((random() >>> 8) % 4000)
      if (random() % 1024 < 200) journal.delete(key)
      else journal.set(key, Buffer.alloc(1 + ((random() >>> 8) % 120), random() & 255))
    }
    const changes = journal.changes()
    for (const { key, value } of changes) value === null ? overlay.delete(key) : overlay.set(key, value)
    pending.push(heightOf(tree, height, changes))
    if (height % 3 !== 0) continue
    store.commit(pending.splice(0), Math.max(0, height - 10))
    tree.committed(height)
    overlay = new StateJournal(store.state)
    console.log(height + ' ' + Buffer.from(tree.root).toString('hex'))
  }`

describe('ChainStore', () => {
  it('reads and walks the state like one in memory', () =>
    inFolder(async (folder) => {
      const store = ChainStore.open(folder)
      const tree = new StateTree(store.pages)
      const memory = new MemoryState()
      let height = 0
      fc.assert(
        fc.property(
          fc.array(fc.tuple(key, fc.option(value)), { maxLength: 30 }),
          fc.oneof(key, fc.constant(new Uint8Array())),
          fc.option(fc.oneof(key, fc.constant(new Uint8Array())), { nil: undefined }),
          fc.boolean(),
          fc.option(fc.nat(20), { nil: undefined }),
          (writes, from, to, reverse, limit) => {
            const changes = changesOf(store, writes)
            memory.apply(changes)
            store.commit([heightOf(tree, height, changes)], 0)
            tree.committed(height)
            height += 1
            store.refresh()
            const options = limit === undefined ? { reverse } : { reverse, limit }
            const entries = (state: typeof memory | typeof store.state) =>
              Array.from(state.range(from, to, options), ([k, v]) => [hex(k), hex(v)])
            expect(entries(store.state)).toEqual(entries(memory))
            for (const [k] of writes) expect(hex(store.state.get(k))).toBe(hex(memory.get(k)))
          },
        ),
        { numRuns: 60 },
      )
      expect(hex(rootFromScratch(store))).toBe(hex(tree.root))
      await store.close()
    }))

  it('keeps all parts of every height, of changes the last heights only, and shows them after it is opened again', () =>
    inFolder(async (folder) => {
      const store = ChainStore.open(folder)
      expect(store.height).toBeUndefined()
      const tree = new StateTree(store.pages)
      const heights = Array.from({ length: 12 }, (_, height) => {
        const changes = changesOf(store, [
          [Buffer.from('same'), Buffer.from(`value ${height}`)],
          [Buffer.from(`own ${height}`), Buffer.from('x')],
        ])
        return heightOf(tree, height, changes)
      })
      store.commit(heights.slice(0, 1), 0)
      store.commit(heights.slice(1, 8), 0)
      store.commit(heights.slice(8), 6)
      tree.committed(11)
      await store.close()
      const again = ChainStore.open(folder)
      expect(again.height).toBe(11)
      expect(hex(again.range)).toBe(hex(heights[11]!.range))
      for (const [at, { facts, receipts, transactionIds, changes, elected }] of heights.entries()) {
        expect(again.facts(at)).toEqual({
          ...facts,
          stateRoot: Buffer.from(facts.stateRoot),
          blockHash: Buffer.from(facts.blockHash),
          rangeRoot: Buffer.from(facts.rangeRoot),
          receiptsRoot: Buffer.from(facts.receiptsRoot),
        })
        expect(again.receipts(at)?.map(hex)).toEqual(receipts.map(hex))
        expect(again.place(transactionIds[0]!)).toEqual({ height: at, index: 0 })
        const kept = again.changes(at)
        expect(kept?.map((one) => [hex(one.key), hex(one.value ?? undefined), hex(one.previous)])).toEqual(
          at < 6 ? undefined : changes.map((one) => [hex(one.key), hex(one.value ?? undefined), hex(one.previous)]),
        )
        if (elected !== null) expect(hex(again.electedSet(elected.term))).toBe(hex(elected.set))
      }
      expect(again.facts(12)).toBeUndefined()
      expect(again.receipts(12)).toBeUndefined()
      expect(again.place(new Uint8Array(32))).toBeUndefined()
      expect(again.electedSet(77)).toBeUndefined()
      expect(Buffer.from(again.state.get(Buffer.from('same'))!).toString()).toBe('value 11')
      expect(hex(new StateTree(again.pages, { height: 11 }).root)).toBe(hex(tree.root))
      await again.close()
    }))

  it('is taken back to any height of which the changes are kept, and goes on from there as if nothing had been', () =>
    inFolder(async (folder) => {
      const store = ChainStore.open(folder)
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.tuple(key, fc.option(value)), { maxLength: 20 }), { minLength: 3, maxLength: 9 }),
          fc.nat(8),
          fc.nat(2),
          async (blocks, chosen, together) => {
            const first = (store.height ?? -1) + 1
            let tree = new StateTree(store.pages, { height: store.height ?? 0 })
            let range = store.range === undefined ? RangeAccumulator.empty : RangeAccumulator.decode(store.range)
            let overlay = new StateJournal(store.state)
            const pending: ExecutedHeight[] = []
            /** Commits a block of writes, several at a time; gives root and entries of the state after it. */
            const execute = (height: number, writes: (typeof blocks)[0]) => {
              const journal = new StateJournal(overlay)
              for (const [k, v] of writes) v === null ? journal.delete(k) : journal.set(k, v)
              const changes = journal.changes()
              for (const { key: k, value: v } of changes) v === null ? overlay.delete(k) : overlay.set(k, v)
              const executed = heightOf(tree, height, changes)
              const grown = range.grow(executed.facts.stateRoot)
              range = grown.range
              const facts = { ...executed.facts, rangeRoot: range.root() }
              const following = height % 2 === 0 ? 'followed' : undefined
              pending.push({ ...executed, facts, following, range: range.encode(), rangeNodes: grown.nodes })
              if (pending.length > together) commit()
              return hex(tree.root)
            }
            const commit = () => {
              if (pending.length > 0) store.commit(pending.splice(0), first)
              tree.committed(tree.height)
              overlay = new StateJournal(store.state)
            }
            const roots = blocks.map((writes, i) => execute(first + i, writes))
            commit()
            const back = chosen % blocks.length
            store.takeBack(first + back)
            expect(store.height).toBe(first + back)
            expect(store.uncheckedFrom(first + back + 1)).toEqual([])
            expect(hex(rootFromScratch(store))).toBe(roots[back])
            tree = new StateTree(store.pages, { height: first + back })
            expect(hex(tree.root)).toBe(roots[back])
            range = RangeAccumulator.decode(store.range!)
            expect(range.count).toBe(first + back + 1)
            overlay = new StateJournal(store.state)
            const again = blocks.slice(back + 1).map((writes, i) => execute(first + back + 1 + i, writes))
            expect(again).toEqual(roots.slice(back + 1))
            commit()
          },
        ),
        { numRuns: 25 },
      )
      expect(await codeOf(() => store.takeBack(0))).toBe('STATE_HEIGHT_GONE')
      await store.close()
    }))

  it('shows another thread what is committed', () =>
    inFolder(async (folder) => {
      const store = ChainStore.open(folder)
      const tree = new StateTree(store.pages)
      const set = (height: number) => changesOf(store, [[Buffer.from('k'), Buffer.from(`v${height}`)]])
      store.commit([heightOf(tree, 0, set(0))], 0)
      const code = `
        const { parentPort, workerData } = require('node:worker_threads')
        import(workerData.module).then(({ ChainStore }) => {
          const store = ChainStore.open(workerData.folder)
          parentPort.on('message', (message) => {
            if (message === 'end') return store.close().then(() => process.exit())
            store.refresh()
            parentPort.postMessage([store.height, Buffer.from(store.state.get(Buffer.from('k'))).toString()])
          })
          parentPort.postMessage('ready')
        })`
      const reader = new Worker(code, {
        eval: true,
        execArgv: ['--conditions=source'],
        workerData: { folder, module: new URL('./chain-store.ts', import.meta.url).href },
      })
      await once(reader, 'message')
      for (let height = 1; height < 5; height += 1) {
        store.commit([heightOf(tree, height, set(height))], 0)
        reader.postMessage('read')
        expect((await once(reader, 'message'))[0]).toEqual([height, `v${height}`])
      }
      reader.postMessage('end')
      await once(reader, 'exit')
      await store.close()
    }))

  it('is at one height with its root after the process was killed in the midst of commits, time after time', () =>
    inFolder(async (folder) => {
      let last = -1
      for (let round = 0; round < 12; round += 1) {
        const { child, lines } = startChild(COMMIT_FOR_EVER, [folder, String(round + 1)])
        let told = { height: last, root: '' }
        // A different number of commits each round, and then a moment somewhere within the next one.
        for (let commit = 0; commit < 1 + (round % 4); commit += 1) {
          const line = (await lines.next()).value as string
          told = { height: Number(line.split(' ')[0]), root: line.split(' ')[1]! }
        }
        const until = performance.now() + ((round * 7) % 23)
        while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve))
        child.kill('SIGKILL')
        await once(child, 'exit')
        for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
          told = { height: Number(line.value.split(' ')[0]), root: line.value.split(' ')[1]! }
        }
        const store = ChainStore.open(folder)
        const height = store.height!
        expect(height).toBeGreaterThanOrEqual(told.height)
        if (height === told.height) expect(hex(store.facts(height)?.stateRoot)).toBe(told.root)
        const root = hex(store.facts(height)?.stateRoot)
        expect(hex(rootFromScratch(store))).toBe(root)
        expect(hex(new StateTree(store.pages, { height }).root)).toBe(root)
        expect(store.facts(height + 1)).toBeUndefined()
        expect(store.receipts(height)).toBeDefined()
        expect(height).toBeGreaterThan(last)
        last = height
        await store.close()
      }
    }))
})

/** Commits until the disk is full and tells what it saw, then tries until it works again. */
const FILL = `
  const store = ChainStore.open(folder)
  let tree = new StateTree(store.pages)
  const next = (height) => {
    const journal = new StateJournal(store.state)
    for (let i = 0; i < 100; i += 1) journal.set(Buffer.from('key ' + height + ' ' + i), Buffer.alloc(500, height))
    return heightOf(tree, height, journal.changes())
  }
  let code = 'none'
  let height = 0
  let waiting
  for (; height < 2000 && code === 'none'; height += 1) {
    waiting = next(height)
    code = await codeOf(() => store.commit([waiting], 0))
    if (code === 'none') tree.committed(height)
  }
  const again = await codeOf(() => store.commit([waiting], 0))
  store.refresh()
  const root = Buffer.from(store.facts(store.height).stateRoot).toString('hex')
  const whole = Buffer.from(rootFromScratch(store)).toString('hex')
  console.log(JSON.stringify({ code, again, lost: height - 2 - store.height, sound: root === whole }))
  const waitForRoom = async () => {
    for (;;) {
      if ((await codeOf(() => store.commit([waiting], 0))) === 'none') return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  await waitForRoom()
  store.refresh()
  const after = Buffer.from(rootFromScratch(store)).toString('hex')
  const expected = Buffer.from(waiting.facts.stateRoot).toString('hex')
  console.log(JSON.stringify({ height: height - 1 - store.height, sound: after === expected }))
  await store.close()`

describe('ChainStore without room', () => {
  it('refuses when a file may not grow, loses nothing, and goes on when it may', () =>
    inFolder(async (folder) => {
      const limit = spawnSync('prlimit', ['--version']).status === 0 ? 'prlimit' : undefined
      if (limit === undefined) return expect(process.platform).not.toBe('linux')
      const { child, lines } = startChild(
        `
        await import('node:child_process').then(({ spawnSync }) =>
          spawnSync('prlimit', ['--pid', String(process.pid), '--fsize=3000000:unlimited']))
        ${FILL}`,
        [folder],
      )
      const first = JSON.parse((await lines.next()).value) as { code: string }
      expect(first).toEqual({
        code: expect.stringMatching(/^STORE_(FULL|IO)$/),
        again: first.code,
        lost: 0,
        sound: true,
      })
      spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:unlimited'])
      expect(JSON.parse((await lines.next()).value)).toEqual({ height: 0, sound: true })
      await once(child, 'exit')
    }))

  it('says STORE_FULL on a full file system, loses nothing, and goes on when there is room', async (test) =>
    inFolder(async (folder) => {
      const small = join(folder, 'small')
      mkdirSync(small)
      // Only the superuser of a Linux machine may mount one; elsewhere the test above is what there is.
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', small]).status === 0
      test.skip(!mounted)
      try {
        const { child, lines } = startChild(FILL, [join(small, 'state')])
        expect(JSON.parse((await lines.next()).value)).toEqual({
          code: 'STORE_FULL',
          again: 'STORE_FULL',
          lost: 0,
          sound: true,
        })
        spawnSync('mount', ['-o', 'remount,size=32m', small])
        expect(JSON.parse((await lines.next()).value)).toEqual({ height: 0, sound: true })
        await once(child, 'exit')
      } finally {
        spawnSync('umount', [small])
      }
    }))

  it('says STORE_FULL also where not a single byte has room', async (test) =>
    inFolder(async (folder) => {
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', folder]).status === 0
      test.skip(!mounted)
      const store = ChainStore.open(join(folder, 'state'))
      try {
        const tree = new StateTree(store.pages)
        const next = (height: number) => {
          const journal = new StateJournal(store.state)
          for (let i = 0; i < 100; i += 1) journal.set(Buffer.from(`${height} ${i}`), Buffer.alloc(500, 1))
          return heightOf(tree, height, journal.changes())
        }
        store.commit([next(0)], 0)
        tree.committed(0)
        const filler = openSync(join(folder, 'filler'), 'w')
        expect(() => {
          for (;;) writeSync(filler, Buffer.alloc(4096))
        }).toThrow('ENOSPC')
        closeSync(filler)
        const codes = new Set<string>()
        const waiting = next(1)
        for (let attempt = 0; attempt < 3; attempt += 1) codes.add(await codeOf(() => store.commit([waiting], 0)))
        expect([...codes]).toEqual(['STORE_FULL'])
        rmSync(join(folder, 'filler'))
        store.commit([waiting], 0)
        store.refresh()
        expect(hex(rootFromScratch(store))).toBe(hex(waiting.facts.stateRoot))
      } finally {
        await store.close()
        spawnSync('umount', [folder])
      }
    }))
})
