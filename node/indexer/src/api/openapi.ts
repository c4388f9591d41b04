import { type IndexerRoute, indexerRoutes, indexerShapes } from '@smartshare/client'
import { z } from 'zod'

const VERSION = '1'

/** The OpenAPI 3.1 document of the API, made from the schemas that check questions and answers. */
export function openApiDocument(): object {
  const schemas = componentSchemas()
  const paths = Object.entries(indexerRoutes).map(([name, route]) => [route.path, { get: operationOf(name, route) }])
  return {
    openapi: '3.1.0',
    info: {
      title: 'Smartshare indexer',
      version: VERSION,
      description:
        'History, search and charts of a chain. Nothing here is proven: for balances ask a node. Amounts are integers in the smallest unit as decimal text.',
    },
    paths: Object.fromEntries(paths),
    components: { schemas },
  }
}

function operationOf(name: string, { summary, params, query, answer }: IndexerRoute): object {
  const failure = {
    description: 'A refusal with its code and what helps (docs/errors.md)',
    content: { 'application/json': { schema: { $ref: pointerTo('failure') } } },
  }
  return {
    operationId: name,
    summary,
    parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
    responses: {
      200: {
        description: 'The answer',
        content: { 'application/json': { schema: { $ref: pointerTo(nameOf(answer)) } } },
      },
      default: failure,
    },
  }
}

function parametersOf(place: 'path' | 'query', shape: z.ZodObject): object[] {
  const { properties = {}, required = [] } = z.toJSONSchema(shape, { io: 'output' })
  return Object.entries(properties).map(([name, schema]) => {
    const hasDefault = typeof schema === 'object' && 'default' in schema
    const isRequired = place === 'path' || (required.includes(name) && !hasDefault)
    return { name, in: place, required: isRequired, schema }
  })
}

/** Every shape by its name, as JSON carries it: amounts are text there. Where one holds another it points to it. */
function componentSchemas(): Record<string, object> {
  const registry = z.registry<{ id: string }>()
  for (const [id, shape] of Object.entries(indexerShapes)) registry.add(shape, { id })
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: pointerTo })
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]))
}

function pointerTo(id: string): string {
  return `#/components/schemas/${id}`
}

function nameOf(answer: z.ZodType): string {
  const found = Object.entries(indexerShapes).find(([, shape]) => shape === answer)
  if (found === undefined) throw new TypeError('an answer whose shape has no name')
  return found[0]
}
