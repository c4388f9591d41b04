// What contracts in TypeScript find on the chain (docs/spec/contracts.md). They are compiled to Lua: numbers are Lua's, and
// integers stay integers of 64 bits as long as nothing divides them by `/`. Use `idiv` for whole quotients.

/** An integer of 64 bits. */
type Integer = number
/** An integer that is not negative. */
type Amount = number
/** A string of bytes, as Lua has them: `.length` counts bytes. */
type Bytes = string
/** 32 bytes. */
type Address = string

/** What can be stored, passed and returned. */
type Value = undefined | null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }

interface StateValue<T> {
  get(): T
  set(value: T | undefined): void
}
/** A missing entry is undefined; setting it to undefined takes it away. Not `delete`. */
type StateMap<K extends string | number, V> = { [key in K]?: V }
interface StateList<T> {
  push(item: T): void
  pop(): T | undefined
}

/** @noSelf */
declare namespace state {
  function value<T>(name: string): StateValue<T | undefined>
  function value<T>(name: string, byDefault: T): StateValue<T>
  function map<K extends string | number, V>(name: string): StateMap<K, V>
  function list<T>(name: string): StateList<T>
  function range<K extends string | number, V>(
    map: StateMap<K, V>,
    from?: K,
    to?: K,
    reverse?: boolean,
  ): LuaIterable<LuaMultiReturn<[K, V]>>
}

/** @noSelf */
declare namespace abi {
  /** `signature`: name(parameter: type, …): type */
  // biome-ignore lint/suspicious/noExplicitAny: the signature says the types.
  type Method = (this: void, ...args: any[]) => unknown
  interface Options {
    /** May be called while another call of this contract is under way. */
    reentrant?: boolean
  }
  interface HeavyOptions {
    /** What a job may use, far beyond a block. */
    gas: number
    /** Most grains that the bytes which a job newly stores may lock. */
    deposit?: number
    /** A view with the same parameters, whose error refuses the call. */
    guard?: string
  }
  // biome-ignore lint/suspicious/noShadowRestrictedNames: it is the name that contracts know.
  function constructor(signature: string, run: Method): void
  function method(signature: string, run: Method, options?: Options): void
  function payable(signature: string, run: Method, options?: Options): void
  /** Computes for long beside the chain; sees only the state of its contract (docs/spec/heavy-calls.md). */
  function heavy(signature: string, run: Method, options: HeavyOptions): void
  function view(signature: string, run: Method): void
  function event(signature: string): (this: void, ...fields: Value[]) => void
}

/** @noSelf */
declare namespace system {
  /** Who signed the transaction. */
  function sender(): Address
  /** Who called this contract: an account or another contract. Rights belong to the caller. */
  function caller(): Address
  function contract(): Address
  function height(): Integer
  /** Of the block, in milliseconds since 1970. */
  function time(): Integer
  function seed(): Bytes
  function chain(): Bytes
  /** Grains, or units of a token, that came with this call. */
  function value(token?: Address): Amount
}

/** @noSelf */
declare namespace contract {
  interface Target {
    to: Address
    value?: Amount
    token?: Address
    gas?: Integer
  }
  function call<T>(target: Address | Target, method: string, ...args: Value[]): T
  function view<T>(address: Address, method: string, ...args: Value[]): T
  function send(to: Address, amount: Amount, token?: Address): void
  function balance(of?: Address, token?: Address): Amount
  /** What `run` did is taken back if it fails. */
  function pcall<T>(run: (this: void) => T): LuaMultiReturn<[true, T] | [false, string]>
}

/** @noSelf */
declare namespace crypto {
  function sha256(data: Bytes): Bytes
  function verify(key: Bytes, message: Bytes, signature: Bytes): boolean
}
/** @noSelf */
declare namespace address {
  function parse(text: string): Address
  function format(address: Address): string
}
/** @noSelf */
declare namespace json {
  function encode(value: Value): string
  function decode(text: string): Value
}
/** @noSelf */
declare namespace cbor {
  function encode(value: Value): Bytes
  function decode(bytes: Bytes): Value
}
/** Exact arithmetic that fails instead of wrapping around. @noSelf */
declare namespace decimal {
  function add(a: Amount, b: Amount): Amount
  function sub(a: Amount, b: Amount): Amount
  /** a · b / divisor, rounded down, whatever the product is. */
  function mulDiv(a: Amount, b: Amount, divisor: Amount): Amount
  function parse(text: string, decimals: Integer): Amount
  function format(amount: Amount, decimals: Integer): string
}

/** Ends the call with this text unless the condition holds. */
declare function assert(this: void, condition: unknown, text: string): asserts condition
/** Ends the call with this text. */
declare function error(this: void, text: string): never
/** The whole quotient, rounded down: `a // b` of Lua. */
declare const idiv: LuaFloorDivision<Integer, Integer, Integer>

/** @noSelf */
declare namespace string {
  /** Bytes by a format of Lua, for example '>i8'. */
  function pack(format: string, ...values: (string | number)[]): Bytes
}
