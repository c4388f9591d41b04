/** Keeps the most recently used values, at most `capacity`; what is not used longest goes first. */
export class BoundedCache<V> {
  readonly capacity: number
  readonly #values = new Map<string, V>()

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Number of values held now. */
  get size(): number {
    return this.#values.size
  }

  /** The value of `key`, made by `make` if it is not held; a `make` that throws leaves nothing behind. */
  getOrMake(key: string, make: () => V): V {
    const held = this.#values.get(key)
    if (held !== undefined) {
      // A Map iterates in order of insertion: inserting again marks it as used last.
      this.#values.delete(key)
      this.#values.set(key, held)
      return held
    }
    const made = make()
    this.#values.set(key, made)
    if (this.#values.size > this.capacity) {
      const oldest = this.#values.keys().next()
      if (!oldest.done) this.#values.delete(oldest.value)
    }
    return made
  }
}
