/** What KaTeX makes of a formula. It is told to link, fetch and name nothing; `drawn.ts` does not rest on that. */
import katex from 'katex'

/** Of the source, and of what KaTeX makes of it; beyond, the source is shown. */
const LONGEST = { source: 5_000, markup: 400_000 }

export type ToMarkup = (source: string, block: boolean) => string | null

/** Gives the formula as markup, or null where it can't be drawn or would be too large. */
export const toMarkup: ToMarkup = (source, block) => {
  if (source === '' || source.length > LONGEST.source) return null
  try {
    const markup = katex.renderToString(source, {
      displayMode: block,
      trust: false,
      strict: 'ignore',
      throwOnError: true,
      errorColor: 'currentcolor',
      maxSize: 50,
      maxExpand: 500,
    })
    return markup.length > LONGEST.markup ? null : markup
  } catch (error) {
    // KaTeX's own refusals, and what nests deeper than the stack reaches.
    if (error instanceof katex.ParseError || error instanceof RangeError) return null
    throw error
  }
}
