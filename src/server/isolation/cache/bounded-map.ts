/** Values in memory, by number and by size: past either the least recently set go. */

/** Logins are small and many; pages of lists are larger. */
const MOST = { entries: 50_000, characters: 64 * 2 ** 20 }

export class BoundedMap<V extends { readonly value: string }> {
  readonly #entries = new Map<string, V>()
  readonly #most: typeof MOST
  #characters = 0
  constructor(most = MOST) {
    this.#most = most
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  set(key: string, entry: V): void {
    this.delete(key)
    this.#entries.set(key, entry)
    this.#characters += sizeOf(key, entry)
    while (this.#entries.size > this.#most.entries || this.#characters > this.#most.characters)
      this.delete(this.#entries.keys().next().value!)
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.#characters -= sizeOf(key, entry)
  }

  clear(): void {
    this.#entries.clear()
    this.#characters = 0
  }

  keys(): string[] {
    return [...this.#entries.keys()]
  }
}

function sizeOf(key: string, { value }: { readonly value: string }): number {
  return key.length + value.length
}
