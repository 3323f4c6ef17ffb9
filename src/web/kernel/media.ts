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

/**
 * Keeps the page above the keyboard of a touch screen, in `--keyboard`, where the browser lays it over the page instead of making the page
 * smaller. A page that is zoomed into is left alone.
 */
export function followKeyboard(): void {
  const seen = window.visualViewport
  if (!seen) return
  const look = () => {
    const coveredPx = seen.scale > 1.01 ? 0 : Math.max(0, Math.round(innerHeight - seen.height - seen.offsetTop))
    document.documentElement.style.setProperty('--keyboard', `${coveredPx}px`)
  }
  seen.addEventListener('resize', look)
  seen.addEventListener('scroll', look)
}
