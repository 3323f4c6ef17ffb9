/** Code in colours, once the highlighter has arrived. */
import { createElement, type ReactNode, useContext, useDeferredValue, useEffect, useMemo, useState } from 'react'
import { beside } from './beside.ts'
import { OpenContext } from './growth.ts'
import type { Colours } from './highlight.ts'
import { part } from './loaded.ts'

/** How much code is coloured at once, and how much by the worker once it is whole. */
const COLOURED = { here: 4_000, beside: 50_000 }

const highlighter = part(async () => (await import('./highlight.ts')).highlight)

/** Draws code. */
export function Coloured({ text, language, wraps }: { text: string; language: string | null; wraps: boolean }) {
  const code = useDeferredValue(text)
  const colours = useColours(code, language)
  const coloured = useMemo(() => colours && draw(colours, 0), [colours])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keyboard
    <pre tabIndex={0} className={wraps ? 'wrap-anywhere whitespace-pre-wrap' : ''}>
      <code>{coloured ?? text}</code>
    </pre>
  )
}

function useColours(code: string, language: string | null): Colours | null {
  const open = useContext(OpenContext)
  const isSmall = code.length <= COLOURED.here
  const highlight = highlighter.use(language !== null && isSmall)
  const here = useMemo(() => (language === null ? null : (highlight?.(code, language) ?? null)), [highlight, code, language])
  const [made, setMade] = useState<{ code: string; colours: Colours } | null>(null)
  const asks = language !== null && !isSmall && !open && code.length <= COLOURED.beside
  useEffect(() => {
    if (!asks) return
    const leaving = new AbortController()
    beside({ code, language }, leaving.signal).then(
      (colours) => !leaving.signal.aborted && colours && setMade({ code, colours: colours as Colours }),
      // Without the worker it stays plain.
      () => undefined,
    )
    return () => leaving.abort()
  }, [asks, code, language])
  return here ?? (made?.code === code ? made.colours : null)
}

function draw(colours: Colours, key: number): ReactNode {
  if (typeof colours === 'string') return colours
  return createElement('span', { key, className: colours.scope && `hl-${colours.scope}` }, ...colours.children.map(draw))
}
