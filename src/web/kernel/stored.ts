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

/** Forgets everything kept for the person. */
export function forgetStored(userId: string): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(nameOf(userId, ''))) sessionStorage.removeItem(key)
}
