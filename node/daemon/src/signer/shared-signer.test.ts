import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FINAL, SKIP, type Vote } from '@smartshare/chain'
import type { Message } from '@smartshare/consensus'
import { fromHex, parseAddress, sha256, toHex } from '@smartshare/crypto'
import { createLink, type Link, LOCAL_NETWORK_LIMITS } from '@smartshare/link'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { proveDelegate } from '../peers/handshake.ts'
import { Network, TRANSACTIONS_TOPIC } from '../peers/network.ts'
import { callNode, TestNetwork, type TestNode } from '../test-network.ts'
import { initSigner } from './run-signer.ts'

// Three delegates as real processes, and a fourth whose key two nodes use by one signer, while an observer hears what
// everybody says.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })
const PATIENCE = { timeout: 90_000, interval: 100 }
const KILLS = 3

let home: string
let network: TestNetwork
let signer: ChildProcess
let folder: string
let observer: { link: Link; network: Network }
const heard = new Map<string, Vote>()

function startSigner(): void {
  const program = join(folder, 'run.mjs')
  writeFileSync(
    program,
    `import { runSigner } from ${JSON.stringify(new URL('./run-signer.ts', import.meta.url).href)}
    await runSigner(${JSON.stringify(folder)})`,
  )
  const output = openSync(join(folder, 'signer.log'), 'a')
  signer = spawn(process.execPath, ['--conditions=source', program], { stdio: ['ignore', output, output] })
  closeSync(output)
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

/** Every vote that is said to the observer, also those that are passed on. */
function note(message: Message): void {
  if (message.type === 'proposal') {
    const { header, proposal } = message.block
    const { term, slot, leader: seat } = header
    const value = sha256(proposal)
    heard.set(`${term} ${slot} ${seat} propose ${toHex(value)}`, {
      term,
      slot,
      seat,
      kind: 3,
      value,
      signature: proposal,
    })
  }
  if (message.type !== 'votes') return
  for (const vote of message.votes) {
    heard.set(`${vote.term} ${vote.slot} ${vote.seat} ${vote.kind} ${toHex(vote.value)}`, vote)
  }
}

const votesOfTheSigner = () => [...heard.values()].filter((vote) => vote.seat === 3).length

/** Pairs of statements that would convict: two values of one kind, or Final and Skip. */
function contradictions(): string[] {
  const bySlot = Map.groupBy(heard.values(), ({ term, slot, seat }) => `${term} ${slot} ${seat}`)
  return [...bySlot].flatMap(([place, votes]) => {
    const values = (kind: number) => votes.filter((vote) => vote.kind === kind).length
    const isDouble = [0, 2, 3].some((kind) => values(kind) > 1)
    return isDouble || (values(FINAL) > 0 && values(SKIP) > 0) ? [place] : []
  })
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'shared-'))
  folder = join(home, 's')
  network = await TestNetwork.make(4, (i) => join(home, `d${i + 1}`), [], {}, true)
  const [, , , own, twin] = network.nodes
  const { address, secret } = JSON.parse(readFileSync(join(own!.dir, 'delegate.json'), 'utf8'))
  const key = { address: parseAddress(address), secret: fromHex(secret) }
  const { socket } = await initSigner(folder, { genesis: join(own!.dir, 'genesis.cbor'), key, used: false })
  startSigner()
  for (const node of [own!, twin!]) network.configure(node, { delegateKey: undefined, signer: socket })
  // The observer proves to be the delegate as well: only to delegates votes are sent. It signs nothing.
  const link = await createLink({
    privateKeySeed: sha256(new TextEncoder().encode('observer')),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    localNetwork: true,
    limits: LOCAL_NETWORK_LIMITS,
    gossip: { topics: [TRANSACTIONS_TOPIC] },
  })
  observer = {
    link,
    network: await Network.start({
      link,
      chainId: network.genesis.chainId,
      dataDir: home,
      localNetwork: true,
      identity: { proveLink: async (nonce, ends) => proveDelegate(key, network.genesis.chainId, nonce, ends) },
      log: pino({ level: 'silent' }),
      delegateKey: () => undefined,
      onMessage: (_, message) => note(message),
      onTransactions: async () => 'ignore',
      onAttestation: () => false,
      transactionOf: () => undefined,
    }),
  }
  for (const node of network.nodes) network.start(node)
  link.keepConnected(network.nodes.map(({ p2p }) => p2p))
})
afterAll(async () => {
  observer?.network.close()
  await observer?.link.close()
  await network.stop()
  await end(signer, 'SIGTERM')
  rmSync(home, { recursive: true, force: true })
})

async function finalOf(node: TestNode): Promise<number> {
  try {
    return (await callNode(node, 'chain_status')).result?.final ?? -1
  } catch {
    return -1
  }
}

const goesOn = async (node: TestNode) => {
  await expect.poll(() => finalOf(node), PATIENCE).toBeGreaterThanOrEqual(0)
  const from = await finalOf(node)
  await expect.poll(() => finalOf(node), PATIENCE).toBeGreaterThan(from + 2)
}

describe('two nodes with one signer', () => {
  it('never contradict each other, though both and the signer are killed at any time', async () => {
    const [first, , , own, twin] = network.nodes
    await Promise.all([own!, twin!].map(goesOn))
    // The observer may find the nodes late: a node that starts slowly is dialled ever more rarely.
    await expect.poll(votesOfTheSigner, PATIENCE).toBeGreaterThan(0)
    const victims = [own!, twin!]
    for (let i = 0; i < KILLS; i++) {
      const victim = victims[i % victims.length]!
      await end(victim.child, 'SIGKILL')
      if (i % 2 === 1) {
        await end(signer, 'SIGKILL')
        await goesOn(first!)
        startSigner()
      }
      network.start(victim)
      await goesOn(victim)
    }
    await expect.poll(votesOfTheSigner, PATIENCE).toBeGreaterThan(20)
    expect(contradictions()).toEqual([])
  })

  it('wait for their signer, and the network that needs it goes on when it is back', async () => {
    const [first, second, , own] = network.nodes
    // With one delegate down the network needs the signature of each of the three others.
    await end(second!.child, 'SIGKILL')
    await goesOn(first!)
    await end(signer, 'SIGKILL')
    const problem = async () => (await callNode(own!, 'chain_status')).result?.problem
    await expect.poll(problem, PATIENCE).toContain('signer')
    startSigner()
    await goesOn(first!)
    expect(contradictions()).toEqual([])
  })
})
