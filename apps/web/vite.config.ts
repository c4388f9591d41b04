import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

// Static files alone. Packages of the house are bundled from their sources, as in tests.
const conditions = ['source', 'browser', 'module', 'import', 'default']

/** Fetches the font beside the first script: one that comes later is not used, so that no text jumps. */
const preloadFont: Plugin = {
  name: 'preload-font',
  transformIndexHtml: {
    order: 'post',
    handler(_, { bundle = {} }) {
      const fonts = Object.keys(bundle).filter((name) => name.endsWith('.woff2'))
      return fonts.map((name) => ({
        tag: 'link',
        attrs: { rel: 'preload', as: 'font', type: 'font/woff2', href: `/${name}`, crossorigin: '' },
        injectTo: 'head',
      }))
    },
  },
}

export default defineConfig({
  plugins: [react(), tailwindcss(), preloadFont],
  resolve: { conditions },
  worker: { format: 'es' },
  build: {
    target: 'es2024',
    // An inlined file would need a policy that allows it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})
