import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  bitmapOf,
  type DelegateSet,
  decodeHeader,
  encodeCertificate,
  encodeHeader,
  FINAL,
  headerHash,
  setHash,
  statementHash,
} from '@smartshare/chain'
import { calls } from '@smartshare/client'
import { bls, formatAddress, fromHex, sha256, toHex } from '@smartshare/crypto'
import { decodeLightState, encodeLightState } from '@smartshare/light'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { accountOf, LocalNetwork } from './local-network.ts'
import { type Lie, LyingNode } from './lying-node.ts'
import { runCli } from './run-cli.ts'

const START = 10n ** 14n
const FORTNIGHT_MS = 14 * 86_400_000
const alice = accountOf('alice')
const bob = accountOf('bob')
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

let network: LocalNetwork
let liar: LyingNode
let home: string
let chainId: string

beforeAll(async () => {
  network = await LocalNetwork.start({ isStill: true, parameters: { termBlocks: 10, electionBlock: 5 } })
  chainId = toHex(network.node.chainId)
  for (let i = 0; i < 27; i++) network.node.makeBlock()
  liar = await LyingNode.before(network.server.url)
  home = mkdtempSync(join(tmpdir(), 'smartshare-light-'))
})

beforeEach(() => {
  liar.lie = () => undefined
  liar.asked.length = 0
})

afterAll(async () => {
  liar.close()
  await network.close()
  rmSync(home, { recursive: true })
})

/** `proof verify` of Bob's balance, asked of the liar. The network of this test began an hour ago, so its blocks are old. */
function verify(...words: string[]) {
  const fixed = ['--account', bob.text, '--rpc', liar.url, '--ws', '', '--chain-id', chainId, '--dir', home]
  return runCli(['proof', 'verify', ...fixed, ...(words.includes('--max-age') ? [] : ['--max-age', '7200']), ...words])
}

async function found(...words: string[]) {
  const { stdout } = await verify('--json', ...words)
  const answer = JSON.parse(stdout)
  return answer.error?.code ?? answer
}

/** A set of the liar's own, and a hand-over to it that the set signed for itself. */
function forgedHandOver(told: { term: number; header: { encoded: string } }): Record<string, unknown> {
  const secrets = [1, 2, 3, 4].map((n) => bls.secretFromSeed(sha256(Uint8Array.of(n))))
  const members = secrets.map((secret, i) => ({ address: sha256(Uint8Array.of(i)), key: bls.publicKey(secret) }))
  const set: DelegateSet = { term: told.term, members }
  const header = { ...decodeHeader(Buffer.from(told.header.encoded, 'base64')), nextSet: setHash(set) }
  const { term, slot } = header
  const value = headerHash(header)
  const statement = statementHash({ chainId: header.chainId, term, slot, kind: FINAL, value })
  const certificate = {
    ...{ term, slot, kind: FINAL, value, bitmap: bitmapOf([0, 1, 2, 3], 4) },
    signature: bls.aggregate(secrets.map((secret) => bls.sign(secret, statement))),
  }
  return {
    members: members.map(({ address, key }) => ({ address: formatAddress(address), key: toHex(key) })),
    header: { ...told.header, encoded: base64(encodeHeader(header)) },
    certificate: base64(encodeCertificate(certificate)),
  }
}

describe('smartshare proof verify before a node that is not trusted', () => {
  it('says VERIFIED of what is true, from genesis over several terms, and goes on from there', async () => {
    const trust = join(home, 'trust.cbor')
    const { code, stdout } = await verify('--trust', trust)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^VERIFIED\n/)
    const kept = decodeLightState(readFileSync(trust))
    expect(kept.term).toBeGreaterThanOrEqual(2)
    expect(liar.asked.filter((method) => method === 'chain_handOver')).toHaveLength(kept.term)
    expect(kept).toMatchObject({ height: 27, chainId: fromHex(chainId) })

    liar.asked.length = 0
    network.node.makeBlock()
    const next = await found('--trust', trust)
    expect(next).toMatchObject({ valid: true, chainId, address: bob.text, grains: `${START}`, trustedHeight: 28 })
    expect(liar.asked).not.toContain('chain_handOver')
    expect(decodeLightState(readFileSync(trust)).height).toBe(28)
    expect(existsSync(`${trust}.next`)).toBe(false)
  })

  const changed =
    (method: string, change: (result: Record<string, unknown>) => object): Lie =>
    (asked, _, result) =>
      asked === method ? { ...result, ...change(result) } : undefined
  const lies: [string, Lie, string][] = [
    ['more money', changed('account_proof', () => ({ value: `1b00${'f'.repeat(14)}` })), 'PROOF_STATE'],
    ['no money', changed('account_proof', () => ({ value: null })), 'PROOF_STATE'],
    ['another height', changed('account_proof', ({ height }) => ({ height: (height as number) + 1 })), 'PROOF_HEIGHT'],
    [
      'a state root of its own',
      changed('account_proof', ({ header }) => {
        const told = header as { encoded: string }
        const forged = { ...decodeHeader(Buffer.from(told.encoded, 'base64')), stateRoot: sha256(new Uint8Array(1)) }
        return { header: { ...told, encoded: base64(encodeHeader(forged)) } }
      }),
      'PROOF_CERTIFICATE',
    ],
    [
      'a set with one delegate of its own',
      changed('chain_handOver', ({ members }) => {
        const [first, ...rest] = members as { address: string; key: string }[]
        const key = toHex(bls.publicKey(bls.secretFromSeed(new Uint8Array(32))))
        return { members: [{ address: first?.address, key }, ...rest] }
      }),
      'PROOF_SET',
    ],
    [
      'a set that signed for itself',
      (asked, _, result) => {
        if (asked !== 'chain_handOver') return undefined
        const { certificate, ...forged } = forgedHandOver(result)
        return { ...result, ...forged, certificate: { ...result.certificate, encoded: certificate } }
      },
      'PROOF_SIGNATURE',
    ],
    ['another genesis', (asked) => (asked === 'chain_genesis' ? OTHER_GENESIS : undefined), 'PROOF_OTHER_CHAIN'],
  ]
  let OTHER_GENESIS: unknown
  beforeAll(async () => {
    const other = await LocalNetwork.start({ isStill: true, delegates: 1 })
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'chain_genesis', params: {} })
    const headers = { 'content-type': 'application/json' }
    const answer = await (await fetch(other.server.url, { method: 'POST', headers, body })).json()
    OTHER_GENESIS = (answer as { result: unknown }).result
    await other.close()
  })

  it.each(lies)('names the lie of %s', async (_, lie, code) => {
    liar.lie = lie
    expect(await found()).toBe(code)
  })

  it('does not let a node hide what came since: it remembers, and it looks at the clock', async () => {
    const trust = join(home, 'since.cbor')
    const told = new Map<string, unknown>()
    liar.lie = (method, _, result) => {
      if (method === 'account_proof') told.set(method, result)
    }
    expect(await found('--trust', trust)).toMatchObject({ valid: true, grains: `${START}` })
    const client = await network.client()
    await client.sender(alice).send({ calls: [calls.transfer(bob.address, 5n)] })
    for (let i = 0; i < 3; i++) network.node.makeBlock()
    const old = told.get('account_proof')
    liar.lie = () => undefined
    expect(await found('--trust', trust)).toMatchObject({ valid: true, grains: `${START + 5n}` })
    liar.lie = (method) => (method === 'account_proof' ? old : undefined)
    expect(await found('--trust', trust)).toBe('LIGHT_STALE')
    // Without a memory only the age of the blocks tells it.
    expect(await found('--max-age', '600')).toBe('LIGHT_STALE')
  })

  it('wants two checkpoints that agree once what it knows is too old', async () => {
    const at = (name: string) => join(home, name)
    await found('--trust', at('now.cbor'))
    const known = decodeLightState(readFileSync(at('now.cbor')))
    const write = (name: string, changes: Partial<typeof known>) =>
      writeFileSync(at(name), encodeLightState({ ...known, ...changes }))
    write('slept.cbor', { height: 1, timeMs: Date.now() - FORTNIGHT_MS - 1000 })
    expect(await found('--trust', at('slept.cbor'))).toBe('LIGHT_TRUST_EXPIRED')
    write('one.cbor', { height: known.height - 1, timeMs: known.timeMs - 500 })
    write('forged.cbor', { members: known.members.toReversed() })
    const pair = (other: string) => ['--trust', at('slept.cbor'), '--checkpoint', at('one.cbor'), at(other)]
    expect(await found(...pair('forged.cbor'))).toBe('LIGHT_CHECKPOINT')
    expect(await found('--checkpoint', at('one.cbor'))).toBe('USAGE')
    expect(await found(...pair('now.cbor'))).toMatchObject({ valid: true })
    expect(await found('--trust', at('slept.cbor'))).toMatchObject({ valid: true })
    const proof = ['proof', 'balance', bob.text, '--rpc', liar.url, '--ws', '', '--dir', home, '--json']
    write('again.cbor', { height: 1, timeMs: Date.now() - FORTNIGHT_MS - 1000 })
    const made = async (...words: string[]) => JSON.parse((await runCli([...proof, ...words])).stdout)
    expect((await made('--trust', at('again.cbor'))).error.code).toBe('LIGHT_TRUST_EXPIRED')
    const both = ['--trust', at('again.cbor'), '--checkpoint', at('one.cbor'), at('now.cbor')]
    expect(await made(...both)).toMatchObject({ kind: 'smartshare balance proof', chainId })
    expect(decodeLightState(readFileSync(at('again.cbor'))).height).toBe(network.node.height)
    // The same for a balance that is proven on the way.
    const balance = async (...words: string[]) =>
      JSON.parse((await runCli(['balance', ...proof.slice(2), '--proof', ...words])).stdout)
    write('balance.cbor', { height: 1, timeMs: Date.now() - FORTNIGHT_MS - 1000 })
    expect((await balance('--trust', at('balance.cbor'))).error.code).toBe('LIGHT_TRUST_EXPIRED')
    const agreed = ['--trust', at('balance.cbor'), '--checkpoint', at('one.cbor'), at('now.cbor')]
    expect(await balance(...agreed)).toMatchObject({ address: bob.text, proof: { chainId } })
    expect(decodeLightState(readFileSync(at('balance.cbor'))).height).toBe(network.node.height)
    writeFileSync(at('slept.cbor'), 'nonsense')
    expect(await found('--trust', at('slept.cbor'))).toBe('LIGHT_STATE')
  })

  it('says VERIFIED of what a transaction did, in earlier terms too, and names lies about it', async () => {
    const client = await network.client()
    const sender = client.sender(alice)
    const sent = await sender.send({ calls: [calls.transfer(bob.address, 3n)] })
    const { height } = network.node.makeBlock()
    const other = await sender.send({ calls: [calls.transfer(bob.address, 4n)] })
    for (let i = 0; i < 25; i++) network.node.makeBlock()
    const trust = join(home, 'receipts.cbor')
    const ask = async (id: string, ...words: string[]) => {
      const fixed = ['--rpc', liar.url, '--ws', '', '--chain-id', chainId, '--dir', home, '--max-age', '7200', '--json']
      const answer = JSON.parse((await runCli(['proof', 'verify', '--transaction', id, ...fixed, ...words])).stdout)
      return answer.error?.code ?? answer
    }
    const facts = { valid: true, tx: sent.id, height, index: 0, status: 'done', error: null }
    expect(await ask(sent.id, '--trust', trust)).toMatchObject(facts)
    // The delegates whom the trust file knows are of a later term than the block.
    expect(await ask(sent.id, '--trust', trust)).toMatchObject(facts)
    const place = await client.rpc.transaction(other.id)
    const { height: elsewhere, index } = place
    liar.lie = (method, _, result) =>
      method === 'chain_transaction' ? { ...result, height: elsewhere, index } : undefined
    expect(await ask(sent.id)).toBe('PROOF_RECEIPT')
    const instead = await client.rpc.receiptProof(place.height as number, 0)
    liar.lie = (method) => (method === 'chain_receiptProof' ? instead : undefined)
    expect(await ask(sent.id)).toBe('PROOF_EXECUTED')
    expect(await ask(sent.id, '--account', 'alice')).toBe('USAGE')
  })
})
