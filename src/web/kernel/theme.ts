/** The appearance of this device: kept in localStorage under the name that `/theme.js` reads before the first paint. */
import type { Preferences } from '#contract/accounts.ts'

export type Theme = Preferences['theme']
const KEY = 'sardonyx.theme'

/** Shows the page in this appearance, now and at the next visit. */
export function applyTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme)
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  const ground = getComputedStyle(document.body).backgroundColor
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', ground)
}
