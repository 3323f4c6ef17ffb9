/**
 * Reads Markdown as GitHub writes it, with formulas where their syntax has been fetched, into a tree of HTML elements. HTML
 * in the text is text.
 */
import { fromMarkdown, type Options as Reading } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { type Options as Making, toHast } from 'mdast-util-to-hast'
import { gfm } from 'micromark-extension-gfm'
import { splitMarks } from './marks.tsx'

/** What a part of the syntax brings: how it is read, and what becomes of it. */
export interface Syntax {
  readonly reads: NonNullable<Reading['extensions']>[number]
  readonly makes: NonNullable<Reading['mdastExtensions']>[number]
}

type Tree = ReturnType<typeof toHast>
/** A node of the tree; `properties` are named as in the DOM. */
export type Node = Tree | Extract<Tree, { children: unknown }>['children'][number]

const GITHUB: Syntax = { reads: gfm({ singleTilde: false }), makes: gfmFromMarkdown() }

const handlers: Making['handlers'] = {
  html: (_state, node: { value: string }) => ({ type: 'text', value: node.value }),
}

/** Gives the tree; ids in it begin with the prefix. Throws a `RangeError` where the text nests too deep to be read. */
export function parse(text: string, { maths, prefix }: { maths?: Syntax | undefined; prefix: string }): Node {
  const syntaxes = maths ? [GITHUB, maths] : [GITHUB]
  const tree = fromMarkdown(text, {
    extensions: syntaxes.map(({ reads }) => reads),
    mdastExtensions: syntaxes.map(({ makes }) => makes),
  })
  splitMarks(tree as Parameters<typeof splitMarks>[0])
  // The list of footnotes is named by its section; a heading of its own would be one of the text's.
  return toHast(tree, { clobberPrefix: prefix, handlers, footnoteLabelTagName: 'none' })
}
