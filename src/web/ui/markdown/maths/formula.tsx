/** A formula: drawn once it has been read and KaTeX has arrived, and its source until then, and where it can't be drawn. */
import { memo, useMemo } from 'react'
import { part } from '../loaded.ts'

export const drawing = part(async () => {
  const [{ toElements }, { toMarkup }] = await Promise.all([import('./drawn.ts'), import('./markup.ts')])
  return { toElements, toMarkup }
})

export interface FormulaProps {
  display: unknown
  /** What KaTeX made of it; nothing where it can't be drawn, or hasn't been yet. */
  markup?: unknown
  children?: string
}

/** Draws what `reading.ts` found. */
export const Formula = memo(function Formula({ display, markup, children = '' }: FormulaProps) {
  const toElements = drawing.use(typeof markup === 'string')?.toElements
  const drawn = useMemo(() => (typeof markup === 'string' ? toElements?.(markup) : null), [markup, toElements])
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
