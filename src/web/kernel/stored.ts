/** What this tab or this browser keeps for a person, under their id: another who signs in here doesn't see it. */

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

/** Gives what all tabs of this browser keep for the person under the name, or null. */
export function storedHere<T>(userId: string, name: string): T | null {
  const text = localStorage.getItem(nameOf(userId, name))
  return text === null ? null : (JSON.parse(text) as T)
}

/** Keeps the value for all tabs of this browser. */
export function storeHere(userId: string, name: string, value: unknown): void {
  localStorage.setItem(nameOf(userId, name), JSON.stringify(value))
}

/** Calls back when another tab has kept something for the person under the name. */
export function onStoredElsewhere(userId: string, name: string, callback: () => void): void {
  addEventListener('storage', ({ key }) => key === nameOf(userId, name) && callback())
}

/** Forgets everything kept for the person but what is under these names. */
export function forgetStored(userId: string, except: readonly string[]): void {
  const spared = new Set(except.map((name) => nameOf(userId, name)))
  for (const storage of [sessionStorage, localStorage])
    for (const key of Object.keys(storage)) if (key.startsWith(nameOf(userId, '')) && !spared.has(key)) storage.removeItem(key)
}
