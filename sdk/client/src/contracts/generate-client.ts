import { SmartshareError } from '@smartshare/codec'
import { type Abi, type AbiMethod, type AbiParameter, typeParts } from '@smartshare/runtime'

/** How arguments may be written, and how results come (`ContractValue`). */
const TYPES: Readonly<Record<string, { readonly input: string; readonly output: string }>> = {
  integer: { input: 'bigint | number', output: 'bigint' },
  amount: { input: 'bigint | number', output: 'bigint' },
  number: { input: 'number', output: 'number' },
  boolean: { input: 'boolean', output: 'boolean' },
  string: { input: 'string', output: 'string' },
  bytes: { input: 'Uint8Array', output: 'Uint8Array' },
  address: { input: 'string', output: 'string' },
  any: { input: 'unknown', output: 'AbiJson' },
}
/** Words that no parameter can be called, and those that the methods themselves use. */
const TAKEN = new Set([
  ...['arguments', 'await', 'break', 'case', 'catch', 'class', 'const', 'continue', 'debugger', 'default', 'delete'],
  ...['do', 'else', 'enum', 'eval', 'export', 'extends', 'false', 'finally', 'for', 'function', 'if', 'implements'],
  ...['import', 'in', 'instanceof', 'interface', 'let', 'new', 'null', 'package', 'private', 'protected', 'public'],
  ...['return', 'static', 'super', 'switch', 'this', 'throw', 'true', 'try', 'typeof', 'var', 'void', 'while', 'with'],
  ...['yield', 'wallet', 'options'],
])
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * TypeScript with a class that has a typed method for each method of a contract; `name` names the class. It stands on
 * @smartshare/client alone. What it has of its own begins with $, which no name of a contract can. Throws ABI_SIGNATURE for
 * names that are none, ABI_TYPE.
 */
export function generateClient(abi: Abi, name: string): string {
  checkNames(abi)
  const title = classTitle(name)
  const callable = abi.methods.filter(({ kind }) => kind !== 'constructor')
  const views = callable.filter(({ kind }) => kind === 'view')
  const calls = callable.filter(({ kind }) => kind !== 'view')
  const body = [...views.map(viewText), ...calls.map(callText), eventsText(title, abi)].join('\n\n')
  const needsJson = [...abi.methods.map(({ output }) => output), ...abi.events.flatMap(({ fields }) => typesOf(fields))]
    .filter((type) => type !== null)
    .some((type) => typeParts(type).base === 'any')
  const imports = [
    ...['type Abi', ...(needsJson ? ['type AbiJson'] : []), ...(calls.length > 0 ? ['type CallOptions'] : [])],
    ...['type Client', 'type Contract', ...(calls.length > 0 ? ['type ContractCall'] : []), 'type ContractEvent'],
    ...['type EventOptions', ...(calls.length > 0 ? ['type Signer'] : [])],
  ]
  return `// Made from the ABI of a contract by \`smartshare contract client\`: change the contract, not this file.
import type { ${imports.map((word) => word.slice('type '.length)).join(', ')} } from '@smartshare/client'

const ABI: Abi = ${JSON.stringify(abi, null, 2)}

/** What each event of the contract says. */
export interface ${title}Events {
${abi.events.map((event) => `  readonly ${event.name}: ${recordText(event.fields)}`).join('\n')}
}

/** The contract ${title}, to ask and to call. */
export class ${title} {
  readonly $contract: Contract

  /** \`address\`: where it was published, \`ssp1…\`. */
  constructor(client: Client, address: string) {
    this.$contract = client.contract(address, ABI)
  }

${body}
}
`
}

/** ABIs come from strangers: what is no name must not become a part of a program. */
function checkNames({ methods, events }: Abi): void {
  const parameters = [...methods.flatMap(({ inputs }) => inputs), ...events.flatMap(({ fields }) => fields)]
  const isOdd = ({ name, kind }: AbiMethod) => (name === 'constructor') !== (kind === 'constructor')
  if (!methods.some(isOdd) && [...methods, ...events, ...parameters].every(({ name }) => NAME.test(name))) return
  throw new SmartshareError('ABI_SIGNATURE', 'the ABI has a name that is none')
}

function typesOf(parameters: readonly AbiParameter[]): string[] {
  return parameters.map(({ type }) => type)
}

function classTitle(name: string): string {
  const words = name.match(/[A-Za-z0-9]+/g) ?? []
  const title = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return /^[A-Z]/.test(title) ? `${title}Contract` : `Contract${title}`
}

/** The TypeScript type of an ABI type. */
function typeText(type: string, side: 'input' | 'output'): string {
  const { base, isList, isItemOptional, isOptional } = typeParts(type)
  const words = [TYPES[base]?.[side] ?? 'unknown']
  if (isList) {
    const item = [...words, ...(isItemOptional ? ['null'] : [])].join(' | ')
    words.splice(0, 1, `readonly ${item.includes('|') ? `(${item})` : item}[]`)
  }
  return [...words, ...(isOptional ? ['null'] : [])].join(' | ')
}

function recordText(fields: readonly AbiParameter[]): string {
  return `{ ${fields.map(({ name, type }) => `readonly ${name}: ${typeText(type, 'output')}`).join('; ')} }`
}

function parameterName(name: string): string {
  return TAKEN.has(name) ? `${name}$` : name
}

function parametersText(inputs: readonly AbiParameter[]): string[] {
  return inputs.map(({ name, type }) => `${parameterName(name)}: ${typeText(type, 'input')}`)
}

function signatureText({ name, inputs, output }: AbiMethod): string {
  const list = inputs.map((input) => `${input.name}: ${input.type}`).join(', ')
  return `${name}(${list})${output === null ? '' : `: ${output}`}`
}

function viewText(method: AbiMethod): string {
  const { name, inputs, output } = method
  const type = output === null ? 'null' : typeText(output, 'output')
  const values = [`'${name}'`, ...inputs.map((input) => parameterName(input.name))].join(', ')
  return `  /** \`${signatureText(method)}\`: costs nothing. */
  async ${name}(${parametersText(inputs).join(', ')}): Promise<${type}> {
    return (await this.$contract.view(${values})) as ${type}
  }`
}

function callText(method: AbiMethod): string {
  const { name, kind, inputs } = method
  const parameters = ['wallet: Signer', ...parametersText(inputs), 'options: CallOptions = {}'].join(', ')
  const values = inputs.map((input) => parameterName(input.name)).join(', ')
  const note = kind === 'payable' || kind === 'heavy' ? ': takes money, `options.value` grains' : ''
  return `  /** \`${signatureText(method)}\`${note}. Resolves when it is final. */
  async ${name}(${parameters}): Promise<ContractCall> {
    return await this.$contract.call(wallet, '${name}', [${values}], options)
  }`
}

function eventsText(title: string, { events }: Abi): string {
  const names = events.length === 0 ? 'never' : `keyof ${title}Events & string`
  return `  /** What it says under this name, from a block on, for ever. */
  $events<Name extends ${names}>(name: Name, options: EventOptions = {}): AsyncGenerator<ContractEvent<${title}Events[Name]>> {
    return this.$contract.events(name, options) as AsyncGenerator<ContractEvent<${title}Events[Name]>>
  }`
}
