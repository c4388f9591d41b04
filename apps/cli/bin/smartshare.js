#!/usr/bin/env node
// Plain JavaScript, so that an old Node gets an answer that a person understands.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`smartshare needs Node 22.12 or newer; this is ${process.versions.node}`)
  console.error('cure: run it by npm or npx from the project folder, which bring their own Node')
  process.exit(1)
}
const { enableCompileCache } = await import('node:module')
// The command starts half as fast again when Node need not compile it each time.
enableCompileCache()
const { main } = await import((await isBundled()) ? '../bundle/main.js' : '../dist/main.js')
await main(process.argv)

/** True if there is a bundle (tools/bundle.mjs), and no package was built after it. */
async function isBundled() {
  const { readFileSync, statSync } = await import('node:fs')
  try {
    const bundle = new URL('../bundle/', import.meta.url)
    const { builds } = JSON.parse(readFileSync(new URL('built-from.json', bundle), 'utf8'))
    return builds.every(([path, touchedMs]) => statSync(new URL(path, bundle)).mtimeMs === touchedMs)
  } catch {
    return false
  }
}
