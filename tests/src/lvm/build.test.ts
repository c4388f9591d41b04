import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LVM_HASH } from '@smartshare/lvm'
import binaryen from 'binaryen'
import { describe, expect, it } from 'vitest'

const fromRoot = (path: string) => new URL(`../../../${path}`, import.meta.url)
const { instrument } = await import(fileURLToPath(fromRoot('tools/lvm/instrument.mjs')))
const lua = readFileSync(fromRoot('node_modules/wasmoon/dist/glue.wasm'))
const built: Uint8Array = instrument(lua)

/** Takes fuel, and traps if there is none. */
const CHARGE = String.raw`\(global\.set (\$\S+)\s*\(i64\.sub\s*\(global\.get \S+\)\s*\(i64\.const \d+\)\s*\)\s*\)\s*\(if\s*\(i64\.lt_s\s*\(global\.get \S+\)\s*\(i64\.const 0\)\s*\)\s*\(then\s*\(unreachable\)`
/** Functions that only the host calls, to read and to set the machine. */
const ACCESS = 'get_fuel set_fuel get_least_stack reset_least_stack set_stack_limit get_break host_slot'.split(' ')

describe('the Lua machine', () => {
  it('is built to the hash of the protocol, as often as one likes', () => {
    const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    expect(hash(built)).toBe(LVM_HASH)
    expect(hash(instrument(lua))).toBe(LVM_HASH)
  })

  it('charges and checks fuel where each function and each turn of a loop begins', () => {
    const text = binaryen.readBinary(built).emitText()
    const loops = [...text.matchAll(/\(loop\b/g)].length
    const charged = [...text.matchAll(new RegExp(String.raw`\(loop(?: \$\S+)?(?: \(result \w+\))?\s*${CHARGE}`, 'g'))]
    expect(loops).toBeGreaterThan(500)
    expect(charged).toHaveLength(loops)
    expect(new Set(charged.map(([, global]) => global)).size).toBe(1)

    const functions = text.split(/^ \(func /m).slice(1)
    const body = new RegExp(String.raw`^[^\n]*\n(?:\s*\(local [^\n]*\n)*\s*${CHARGE}`)
    const free = functions.filter((each) => !body.test(each)).map((each) => /^\S+/.exec(each)![0])
    // Beside the access there is lua_topointer, which is but a constant now.
    expect(free.length).toBeLessThanOrEqual(ACCESS.length + 1)
    expect(functions.length).toBeGreaterThan(400)
  })

  it('imports nothing but functions, and has 16 MiB of memory that never grow', () => {
    const text = binaryen.readBinary(built).emitText()
    expect(text).toMatch(/^ \(memory \$\S+ 256\b/m)
    expect([...text.matchAll(/^ \(import "\w+" "\w+" \((\w+)/gm)].filter(([, kind]) => kind !== 'func')).toEqual([])
    expect(text).not.toMatch(/memory\.grow|memory\.init|atomic|v128|call_ref/)
  })
})
