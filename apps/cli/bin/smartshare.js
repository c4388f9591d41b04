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
const { main } = await import('../dist/main.js')
await main(process.argv)
