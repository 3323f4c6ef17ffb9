/** Formulas in Markdown, as elements named `math` that say how they stand; `formula.tsx` draws them. */
import type { CompileContext, Extension, Token } from 'mdast-util-from-markdown'
import type { Syntax } from '../parse.ts'
import { mathsSyntax } from './syntax.ts'

/** How a formula stands: within a line, by itself, or still being written. */
type Standing = 'inline' | 'block' | 'open'

const fromMarkdown: Extension = {
  enter: {
    maths(token) {
      this.enter({ type: 'maths' } as never, token)
      this.buffer()
    },
    mathsData(token) {
      this.config.enter.data?.call(this, token)
    },
  },
  exit: {
    mathsData(token) {
      this.config.exit.data?.call(this, token)
    },
    maths: leave,
  },
}

function leave(this: CompileContext, token: Token): undefined {
  const text = this.resume().trim()
  const node = this.stack.at(-1) as { data?: object }
  const marks = text.startsWith('$') && text[1] !== '$' ? 1 : 2
  const isBlock = text.startsWith('$$') || text.startsWith('\\[')
  const display: Standing = token._open ? 'open' : isBlock ? 'block' : 'inline'
  const value = token._open ? text : text.slice(marks, -marks).trim()
  node.data = { hName: 'math', hProperties: { display }, hChildren: [{ type: 'text', value }] }
  this.exit(token)
}

/** A text that is still being written, where formulas without an end count too, or one that is whole. */
export type Stage = 'open' | 'whole'

export const syntaxes: Readonly<Record<Stage, Syntax>> = {
  open: { reads: mathsSyntax(true), makes: fromMarkdown },
  whole: { reads: mathsSyntax(false), makes: fromMarkdown },
}
