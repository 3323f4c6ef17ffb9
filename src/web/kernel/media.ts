/** What kind of screen and pointer this is. */
import { useSyncExternalStore } from 'react'

const wide = matchMedia('(min-width: 48rem)')
const precise = matchMedia('(pointer: fine)')

/** Tells whether there is room for the sidebar beside the page; the same limit as `desk:` in class names. */
export function useWide(): boolean {
  return useSyncExternalStore(
    (changed) => {
      wide.addEventListener('change', changed)
      return () => wide.removeEventListener('change', changed)
    },
    () => wide.matches,
  )
}

/** Tells whether there is most likely a keyboard: focusing a field then opens no keyboard over half of the screen. */
export function hasKeyboard(): boolean {
  return precise.matches
}
