import { Worker } from 'node:worker_threads'

// A process of its own (so that options of Node choose the compiler) with one thread that has as much stack as is named.
const stackSizeMb = Number(process.argv[2])
const worker = new Worker(new URL('deep-worker.ts', import.meta.url), {
  argv: process.argv.slice(3),
  execArgv: ['--conditions=source'],
  resourceLimits: { stackSizeMb },
})
worker.on('message', (text) => process.stdout.write(text))
