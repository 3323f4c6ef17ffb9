/** The appearance of this device: kept in localStorage under the names that `/theme.js` reads before the first paint. */
import type { Preferences } from '#contract/accounts.ts'

export type Theme = Preferences['theme']
const THEME = 'sardonyx.theme'
const MOTION = 'sardonyx.motion'

/** Shows the page in this appearance, now and at the next visit. */
export function applyAppearance({ theme, motion }: Pick<Preferences, 'theme' | 'motion'>): void {
  localStorage.setItem(THEME, theme)
  localStorage.setItem(MOTION, motion)
  const { dataset } = document.documentElement
  if (theme === 'system') delete dataset.theme
  else dataset.theme = theme
  if (motion === 'system') delete dataset.motion
  else dataset.motion = motion
  const ground = getComputedStyle(document.body).backgroundColor
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', ground)
}
