import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openApiDocument } from './openapi.ts'

const FILE = fileURLToPath(new URL('../../../../docs/spec/indexer-openapi.json', import.meta.url))

describe('the OpenAPI document', () => {
  it('is the one in docs/spec (`npx vitest run node/indexer/src/api/openapi.test.ts -u` writes it)', async () => {
    await expect(`${JSON.stringify(openApiDocument(), undefined, 2)}\n`).toMatchFileSnapshot(FILE)
  })
})
