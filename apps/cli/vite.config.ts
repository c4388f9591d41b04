import { join, relative } from 'node:path'
import { defineConfig, type Plugin } from 'vite'

const BUNDLE = join(import.meta.dirname, 'bundle')
/** Packages that are not JavaScript alone, or are needed by few commands. */
const APART = [
  ...['@chainsafe/blst', '@chainsafe/hashtree', 'lmdb', 'sodium-native', '@electric-sql/pglite', 'pg', 'pino'],
  ...['typescript', 'typescript-to-lua'],
]

/** Threads and files of the house stay where they are: what is found from a module's own place is found from there. */
const places: Plugin = {
  name: 'places',
  transform(code, id) {
    if (id.includes('node_modules') || !code.includes('import.meta.url')) return
    const from = relative(BUNDLE, id)
    return {
      code: code.replaceAll('import.meta.url', `new URL(${JSON.stringify(from)}, import.meta.url).href`),
      map: null,
    }
  },
}

/** The command in few files: starting it takes half as long as loading a thousand modules one by one. */
export default defineConfig({
  plugins: [places],
  build: {
    ...{ ssr: 'dist/main.js', outDir: BUNDLE, emptyOutDir: true, target: 'node24', minify: false, sourcemap: true },
    // All beside each other: places are told from there.
    rolldownOptions: { output: { chunkFileNames: '[name]-[hash].js' } },
  },
  ssr: { noExternal: true, external: APART },
})
