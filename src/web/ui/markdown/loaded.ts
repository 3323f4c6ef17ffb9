/** Parts of the renderer that are fetched when a text first needs them, and are there at once from then on. */
import { useEffect, useReducer } from 'react'

export interface Part<T> {
  /** Fetches it ahead of need. */
  readonly load: () => Promise<T>
  /** Gives it once it is there, and fetches it if `wanted`; null until then, and where it can't be fetched. */
  readonly use: (wanted: boolean) => T | null
  /** Gives it if it is there. */
  readonly now: () => T | null
}

/** Makes a part of what `fetchIt` gives. */
export function part<T>(fetchIt: () => Promise<T>): Part<T> {
  let value: T | null = null
  const load = async () => {
    value ??= await fetchIt()
    return value
  }
  const use = (wanted: boolean) => {
    const [, arrived] = useReducer((count: number) => count + 1, 0)
    useEffect(() => {
      if (!wanted || value !== null) return
      let shown = true
      // Without it the text stays plain, and the next text asks again.
      load().then(
        () => shown && arrived(),
        () => undefined,
      )
      return () => {
        shown = false
      }
    }, [wanted])
    return wanted ? value : null
  }
  return { load, use, now: () => value }
}
