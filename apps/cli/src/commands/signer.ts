import { randomBytes } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { bls, parseAddress } from '@smartshare/crypto'
import type { Command } from 'commander'
import { createOutput } from '../output.ts'
import { examples } from '../session.ts'
import { factsText } from '../text.ts'

const SEED_BYTES = 32

interface InitFlags {
  readonly genesis: string
  readonly address?: string
  readonly key?: string
  readonly json?: boolean
}

export function addSigner(program: Command): void {
  const signer = program
    .command('signer')
    .description("a process of its own that holds a delegate's key and never signs what contradicts itself")
  addInit(signer)
  addRun(signer)
}

function addInit(signer: Command): void {
  signer
    .command('init <folder>')
    .description('make the folder of a signer, with a new key or one that exists')
    .requiredOption('--genesis <file>', 'genesis record of the network, genesis.cbor')
    .option('--address <address>', 'account of the delegate, for a new key')
    .option(
      '--key <file>',
      'key that exists, delegate.json: since it may have signed, it is silent until the next term',
    )
    .option('--json', 'print exactly one JSON value')
    .addHelpText(
      'after',
      examples(
        'smartshare signer init signer --genesis genesis.cbor --address ssp1…',
        'smartshare signer init signer --genesis genesis.cbor --key backup/delegate.json --json',
      ),
    )
    .action(async (folder: string, { genesis, address, key, json }: InitFlags) => {
      if ((address === undefined) === (key === undefined)) {
        throw new SmartshareError('USAGE', 'give --address for a new key, or --key for one that exists')
      }
      // Loaded here: other commands should not wait for it.
      const { initSigner, readDelegateKey } = await import('@smartshare/daemon')
      const delegateKey =
        key === undefined
          ? { address: parseAddress(address as string), secret: bls.secretFromSeed(randomBytes(SEED_BYTES)) }
          : readDelegateKey(key)
      const made = await initSigner(folder, { genesis, key: delegateKey, used: key !== undefined })
      createOutput(json === true).result(made, () =>
        factsText([
          ['folder', made.folder],
          ['socket', made.socket],
          ['public key', made.publicKey],
          ['possession', made.possession],
        ]),
      )
    })
}

function addRun(signer: Command): void {
  signer
    .command('run <folder>')
    .description('sign for the nodes of this machine until it is told to stop')
    .addHelpText('after', examples('smartshare signer run signer'))
    .action(async (folder: string) => {
      const { runSigner } = await import('@smartshare/daemon')
      await runSigner(folder)
    })
}
