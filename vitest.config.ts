import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Tests run from the sources: the `source` condition of every package's exports leads there, in workers too.
export default defineConfig({
  resolve: { conditions: ['source', 'node'] },
  ssr: { resolve: { conditions: ['source', 'node'] } },
  test: {
    projects: [
      // Node loads these by itself: what simulates for minutes runs a third faster than through Vite's module runner.
      {
        extends: true,
        test: {
          name: 'consensus',
          include: ['core/consensus/src/**/*.test.ts'],
          experimental: { viteModuleRunner: false },
        },
      },
      {
        extends: true,
        test: {
          name: 'rest',
          exclude: ['core/consensus/**'],
          include: [
            '{core,node,sdk,share,apps}/*/src/**/*.test.ts',
            'tests/src/**/*.test.ts',
            'bench/src/**/*.test.ts',
          ],
        },
      },
    ],
    execArgv: ['--conditions=source'],
    // Processes that tests start from the sources need not compile them each time: most of a start is that.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/smartshare-tests') },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine answers late; the default is a second.
    expect: { poll: { timeout: 30_000 } },
    setupFiles: ['tests/src/properties.ts'],
    pool: 'forks',
    maxWorkers: 2,
  },
})
