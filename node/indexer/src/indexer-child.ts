// An indexer as a process of its own, for tests that kill it. Its settings come as JSON.
import { runIndexer } from './run-indexer.ts'

await runIndexer(JSON.parse(process.argv[2] ?? '{}'))
