/** What this tab keeps for a person, under their id: another who signs in here doesn't see it. Gone with the tab. */

const nameOf = (userId: string, name: string) => `sardonyx.${userId}.${name}`

/** Gives what was kept under the name, or null. */
export function stored<T>(userId: string, name: string): T | null {
  const text = sessionStorage.getItem(nameOf(userId, name))
  return text === null ? null : (JSON.parse(text) as T)
}

/** Keeps the value until the tab is closed; null forgets it. */
export function store(userId: string, name: string, value: unknown): void {
  if (value === null) sessionStorage.removeItem(nameOf(userId, name))
  else sessionStorage.setItem(nameOf(userId, name), JSON.stringify(value))
}

/** Gives everything kept under names that begin with the prefix, by what follows it. */
export function storedUnder<T>(userId: string, prefix: string): Map<string, T> {
  const start = nameOf(userId, prefix)
  const keys = Object.keys(sessionStorage).filter((key) => key.startsWith(start))
  return new Map(keys.map((key) => [key.slice(start.length), JSON.parse(sessionStorage.getItem(key) ?? '') as T]))
}

/** Forgets everything kept for the person but what is under these names. */
export function forgetStored(userId: string, except: readonly string[]): void {
  const spared = new Set(except.map((name) => nameOf(userId, name)))
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(nameOf(userId, '')) && !spared.has(key)) sessionStorage.removeItem(key)
}
