import { SmartshareError } from '@smartshare/codec'
import { type Image, LuaError, type LuaRecord, type LuaValue, Machine, type Outcome, textBytes } from '@smartshare/lvm'
import { GasMeter } from '../gas.ts'
import { type Abi, type AbiEvent, type AbiMethod, METHOD_KINDS, type MethodKind, parseSignature } from './abi.ts'
import { checkName } from './contract-state.ts'
import { type Frame, FUEL_PER_GAS, MAX_CALL_DEPTH } from './frame.ts'
import { JobResults } from './heavy/result.ts'
import { catchable, hostFunctions } from './host-functions.ts'
import { PRELUDE } from './prelude.ts'
import { amountOf, bytesOf, textOf } from './tools.ts'
import type { ContractWatch } from './watch.ts'

/** Most gas that loading a source may take, and the memory that it may leave: every call brings it back. */
export const MAX_LOAD_GAS = 2_000_000
const MAX_IMAGE_BYTES = 1024 * 1024
/** Bytes of an image that a gas brings back, as a power of two. */
const IMAGE_GAS_SHIFT = 7
/** Memory for loaded sources; those that were not used for longest go first. */
const MOST_CACHED_BYTES = 64 * 1024 * 1024
const MAX_METHODS = 256
const MAX_EVENTS = 64
/** While a source loads, and again during each call. */
const MAX_NAMES = 1_024
const PRELUDE_FUEL = 2 ** 40
/** Beyond what any network allows, and still exact as fuel. */
const MOST_HEAVY_GAS = 2n ** 40n
/** Errors inside the prelude are not of the contract's lines. */
const PRELUDE_CHUNK = 'host'

/** A source that is loaded: the memory that its calls begin with, and what it offers. */
export interface Program {
  readonly image: Image
  readonly abi: Abi
  readonly loadGas: number
  /** For bringing the image back, at each call. */
  readonly callGas: number
  /** Parts of the state that were named while the source loaded. */
  readonly names: readonly Uint8Array[]
  readonly methods: ReadonlyMap<string, { readonly method: AbiMethod; readonly nameBytes: Uint8Array }>
}

interface Declarations {
  readonly methods: AbiMethod[]
  readonly events: AbiEvent[]
  readonly names: Uint8Array[]
}

/** A machine for one depth of calls, and what it is doing. */
export interface Slot {
  readonly machine: Machine
  /** What `call` calls. */
  readonly dispatcher: number
  readonly empty: Image
  frame: Frame | undefined
  /** By what it is known that the source is published; undefined for one that is only tried. */
  codeKey: string | undefined
  /** What a source that is being loaded has declared. */
  declaring: Declarations | undefined
}

/** Machines for calls inside each other, and loaded sources. Nothing that it answers depends on what it has cached. */
export class ContractEngine {
  /** Results of heavy jobs that were run beforehand. */
  readonly results = new JobResults()
  private readonly slots: Slot[] = []
  private readonly programs = new Map<string, Program>()
  private cachedBytes = 0
  /** The one that was used last. */
  private latest = ''
  /** Set by tools alone. */
  readonly watch: ContractWatch | undefined

  constructor(watch?: ContractWatch) {
    this.watch = watch
  }

  /** The machine for a depth of calls, from 0 on. */
  slot(depth: number): Slot {
    if (depth >= MAX_CALL_DEPTH) {
      throw new SmartshareError('CONTRACT_DEPTH', `calls lie at most ${MAX_CALL_DEPTH} deep inside each other`)
    }
    let slot = this.slots[depth]
    if (slot === undefined) {
      slot = makeSlot(this.watch)
      this.slots[depth] = slot
    }
    return slot
  }

  /** Source that was published, from the cache or loaded again, by its hash as text. Loading it is paid for already. */
  program(slot: Slot, name: string, source: () => Uint8Array): Program {
    slot.codeKey = name
    const cached = this.programs.get(name)
    if (cached !== undefined) {
      if (name === this.latest) return cached
      this.latest = name
      this.programs.delete(name)
      this.programs.set(name, cached)
      return cached
    }
    const program = this.load(slot, source(), new GasMeter(MAX_LOAD_GAS), name)
    this.programs.set(name, program)
    this.latest = name
    this.cachedBytes += sizeOf(program.image)
    for (const [oldest, { image }] of this.programs) {
      if (this.cachedBytes <= MOST_CACHED_BYTES || oldest === name) break
      this.programs.delete(oldest)
      this.cachedBytes -= sizeOf(image)
    }
    return program
  }

  /** Loads source and charges for it, also if it fails. Throws CONTRACT_SOURCE with what is wrong, or GAS_EXHAUSTED. */
  load(slot: Slot, source: Uint8Array, meter: GasMeter, codeKey?: string): Program {
    const { machine } = slot
    machine.restore(slot.empty)
    const declaring: Declarations = { methods: [], events: [], names: [] }
    slot.declaring = declaring
    slot.codeKey = codeKey
    let outcome: Outcome
    try {
      outcome = machine.load(source, Math.min(meter.left, MAX_LOAD_GAS) * FUEL_PER_GAS)
    } finally {
      slot.declaring = undefined
    }
    const loadGas = Math.ceil(outcome.fuelUsed / FUEL_PER_GAS)
    meter.charge(loadGas)
    if (!outcome.done) throw loadError(outcome.error)
    const image = machine.image()
    if (sizeOf(image) > MAX_IMAGE_BYTES) {
      throw new SmartshareError('CONTRACT_SOURCE', `a loaded contract takes at most ${MAX_IMAGE_BYTES} bytes of memory`)
    }
    const { methods, events, names } = declaring
    const byName = methods.map((method) => [method.name, { method, nameBytes: textBytes(method.name) }] as const)
    return {
      ...{ image, abi: { methods, events }, names, methods: new Map(byName) },
      ...{ loadGas, callGas: sizeOf(image) >> IMAGE_GAS_SHIFT },
    }
  }
}

function sizeOf({ data, heap }: Image): number {
  return data.length + heap.length
}

function loadError(error: SmartshareError): SmartshareError {
  if (error.code === 'LVM_FUEL') return new SmartshareError('GAS_EXHAUSTED', 'loading the contract needs more gas')
  return new SmartshareError('CONTRACT_SOURCE', error.message)
}

function makeSlot(watch: ContractWatch | undefined): Slot {
  const holder: { slot?: Slot } = {}
  const current = () => {
    const frame = holder.slot?.frame
    if (frame === undefined) throw new LuaError('this can be used only while a method runs, not while the source loads')
    return frame
  }
  const onLine = (chunk: string, line: number) => {
    if (chunk !== PRELUDE_CHUNK) watch?.line(holder.slot?.codeKey, line)
  }
  const functions = {
    ...hostFunctions(current),
    __register: catchable(([kind, signature, options]) =>
      declareMethod(holder.slot!, kind!, signature ?? null, options ?? null),
    ),
    __declare: catchable(([name]) => declareName(holder.slot!, name)),
    __registerEvent: catchable(([signature]) => declareEvent(holder.slot!, signature ?? null)),
  }
  const machine = new Machine(functions, watch === undefined ? {} : { onLine, traces: true })
  const loaded = machine.load(textBytes(PRELUDE), PRELUDE_FUEL, PRELUDE_CHUNK)
  if (!loaded.done || loaded.reference === undefined)
    throw new SmartshareError('LVM_BROKEN', 'the prelude does not load')
  const slot: Slot = {
    machine,
    dispatcher: loaded.reference,
    empty: machine.image(),
    frame: undefined,
    codeKey: undefined,
    declaring: undefined,
  }
  holder.slot = slot
  return slot
}

function declareMethod(slot: Slot, kind: LuaValue, signature: LuaValue, options: LuaValue): LuaValue {
  const { methods } = declarationsOf(slot)
  const kindName = METHOD_KINDS.find((name) => name === textOf(kind)) as MethodKind
  const parsed = parseSignature(textOf(signature))
  const name = kindName === 'constructor' ? 'constructor' : parsed.name
  if (name === '' || (kindName !== 'constructor' && name === 'constructor')) {
    throw new LuaError('a method needs a name of its own')
  }
  if (methods.some((method) => method.name === name)) throw new LuaError(`the method ${name} is declared twice`)
  if (methods.length === MAX_METHODS) throw new LuaError(`a contract has at most ${MAX_METHODS} methods`)
  const reentrant = options instanceof Map && options.get('reentrant') === true
  const heavy = kindName === 'heavy' ? heavyOptions(options) : null
  methods.push({ name, kind: kindName, inputs: parsed.inputs, output: parsed.output, reentrant, heavy })
  return textBytes(name)
}

/** What a heavy method says of its jobs. */
function heavyOptions(options: LuaValue): AbiMethod['heavy'] {
  const given: LuaRecord = options instanceof Map ? (options as LuaRecord) : new Map()
  const gas = given.get('gas')
  if (typeof gas !== 'bigint' || gas < 1n || gas > MOST_HEAVY_GAS) {
    throw new LuaError('a heavy method says how much gas its job may use: { gas = 100000000 }')
  }
  const deposit = given.get('deposit')
  const guard = given.get('guard')
  return {
    gas: Number(gas),
    deposit: deposit === undefined ? 0n : amountOf(deposit),
    guard: guard === undefined ? null : textOf(guard),
  }
}

function declareEvent(slot: Slot, signature: LuaValue): LuaValue {
  const { events } = declarationsOf(slot)
  const { name, inputs, output } = parseSignature(textOf(signature))
  if (name === '' || output !== null) throw new LuaError('an event reads like Name(field: type, …)')
  if (events.some((event) => event.name === name)) throw new LuaError(`the event ${name} is declared twice`)
  if (events.length === MAX_EVENTS) throw new LuaError(`a contract has at most ${MAX_EVENTS} events`)
  events.push({ name, fields: inputs })
  return BigInt(events.length - 1)
}

/** The number of a part of the state, by its name. */
function declareName({ declaring, frame }: Slot, name: LuaValue | undefined): LuaValue {
  const bytes = bytesOf(name)
  checkName(bytes)
  const names = declaring?.names ?? frame?.lateNames
  if (names === undefined) throw new LuaError('parts of the state are named by a contract')
  if (names.length === MAX_NAMES) throw new LuaError(`a contract names at most ${MAX_NAMES} parts of its state`)
  names.push(bytes)
  return BigInt((declaring === undefined ? (frame as Frame).program.names.length : 0) + names.length - 1)
}

function declarationsOf({ declaring }: Slot): NonNullable<Slot['declaring']> {
  if (declaring === undefined) throw new LuaError('methods and events are declared while the source loads')
  return declaring
}
