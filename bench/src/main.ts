import { type Report, readable } from './report.ts'

// `npm run bench -- NAME … [--json]`: measures here and now; nothing is asserted.
const benches: Record<string, () => Promise<(report: Report) => Promise<void>>> = {
  consensus: async () => (await import('./consensus.ts')).benchConsensus,
  execute: async () => (await import('./execute.ts')).benchExecute,
  indexer: async () => (await import('./indexer.ts')).benchIndexer,
  light: async () => (await import('./light.ts')).benchLight,
  link: async () => (await import('./link.ts')).benchLink,
  lvm: async () => (await import('./lvm.ts')).benchLvm,
  root: async () => (await import('./root.ts')).benchRoot,
  start: async () => (await import('./start.ts')).benchStart,
  store: async () => (await import('./store.ts')).benchStore,
  sync: async () => (await import('./sync.ts')).benchSync,
  transfer: async () => (await import('./transfer.ts')).benchTransfer,
}

const json = process.argv.includes('--json')
const wanted = process.argv.slice(2).filter((name) => !name.startsWith('--'))
const names = wanted.length > 0 ? wanted : Object.keys(benches)
const unknown = names.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`)
  process.exit(1)
}
for (const name of names) {
  console.error(`bench ${name} …`)
  const run = await benches[name]!()
  await run((figure) => console.log(json ? JSON.stringify(figure) : readable(figure)))
}
