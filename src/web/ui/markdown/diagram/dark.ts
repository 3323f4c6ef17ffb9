/** Whether the page is dark, by choice or by the system's. */
import { useSyncExternalStore } from 'react'

const system = matchMedia('(prefers-color-scheme: dark)')

function isDark(): boolean {
  const { theme } = document.documentElement.dataset
  return theme === undefined ? system.matches : theme === 'dark'
}

function follow(changed: () => void): () => void {
  const choice = new MutationObserver(changed)
  choice.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  system.addEventListener('change', changed)
  return () => {
    choice.disconnect()
    system.removeEventListener('change', changed)
  }
}

export const useDark = () => useSyncExternalStore(follow, isDark)
