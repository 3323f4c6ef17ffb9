/** Parts of the page that are fetched when they are first shown. */
import { type ComponentType, lazy } from 'react'

/** Gives a component that is fetched when it is first shown; show it below a `Suspense`. */
export function lazyPart<Props>(load: () => Promise<ComponentType<Props>>) {
  return lazy(async () => ({ default: await load() }))
}
