import {
  type AbiJson,
  type AbiParameter,
  type LuaValue,
  parametersFromJson,
  typeParts,
  valueToJson,
} from '@smartshare/runtime'

/**
 * A value of the ABI as programs have it: integers and amounts are bigint, floats numbers, texts and addresses (`ssp1…`) text,
 * bytes byte arrays, lists arrays, nil null. Values of the type any stay as JSON, with the tags of `valueToJson`.
 */
export type ContractValue = null | boolean | bigint | number | string | Uint8Array | AbiJson | readonly ContractValue[]

/** A value that fits `type`, as programs have it. */
export function nativeValue(type: string, value: LuaValue): ContractValue {
  const { base, isList } = typeParts(type)
  if (value === null) return null
  if (isList) return (value as readonly LuaValue[]).map((item) => nativeValue(base, item))
  return ['integer', 'amount', 'bytes', 'number'].includes(base)
    ? (value as bigint | number | Uint8Array)
    : valueToJson(base, value)
}

/** Arguments as nodes read them. Throws ABI_VALUE. */
export function jsonArguments(inputs: readonly AbiParameter[], args: unknown): AbiJson[] {
  return parametersFromJson(inputs, args).map((value, i) => valueToJson((inputs[i] as AbiParameter).type, value))
}
