/** A formula: drawn once KaTeX has arrived, and its source until then, while it is being written, and where it can't be drawn. */
import { memo } from 'react'
import { part } from '../loaded.ts'

export const drawing = part(async () => (await import('./drawn.ts')).draw)

/** Draws what `reading.ts` found. */
export const Formula = memo(function Formula({ display, children = '' }: { display: unknown; children?: string }) {
  const draw = drawing.use(display !== 'open')
  const drawn = draw?.(children, display === 'block')
  if (!drawn) return <code className="formula-source">{children}</code>
  return display === 'block' ? (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: wide formulas are scrolled by keyboard
    <span className="formula" tabIndex={0}>
      {drawn}
    </span>
  ) : (
    drawn
  )
})
