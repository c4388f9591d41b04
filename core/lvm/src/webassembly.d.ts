// The part of WebAssembly's JavaScript interface that is used here; the types of Node leave it out.
declare namespace WebAssembly {
  type ImportValue = ((...args: never[]) => unknown) | Table | Memory
  type Imports = Record<string, Record<string, ImportValue>>

  class Module {
    private readonly isModule: true
    constructor(bytes: Uint8Array)
    static imports(module: Module): { module: string; name: string; kind: string }[]
  }
  class Instance {
    readonly exports: Record<string, unknown>
    constructor(module: Module, imports: Imports)
  }
  class Memory {
    readonly buffer: ArrayBuffer
  }
  class Table {
    readonly length: number
    // biome-ignore lint/suspicious/noExplicitAny: functions of C, of any arguments.
    get(index: number): (...args: any[]) => any
    set(index: number, value: unknown): void
    grow(count: number): number
  }
  class RuntimeError extends Error {}
}
