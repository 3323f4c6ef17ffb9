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

/** Elements that nest deeper are their text: a browser lays out each level within the one above. */
const DEEPEST = 60

/** Gives the elements that the text becomes. Throws a `RangeError` where it nests too deep to be read. */
export function parse(text: string, maths?: Syntax): Node[] {
  const syntaxes = maths ? [GITHUB, maths] : [GITHUB]
  const tree = fromMarkdown(text, {
    extensions: syntaxes.map(({ reads }) => reads),
    mdastExtensions: syntaxes.map(({ makes }) => makes),
  })
  splitMarks(tree as Parameters<typeof splitMarks>[0])
  // The list of footnotes is named by its section; a heading of its own would be one of the text's.
  const root = toHast(tree, { clobberPrefix: '', handlers, footnoteLabelTagName: 'none' })
  return 'children' in root ? root.children.map((child) => shallow(child, 1)) : []
}

/** The node without what isn't drawn: where it stood, and what nests too deep. */
function shallow(node: Node, depth: number): Node {
  if (node.type === 'text') return { type: 'text', value: node.value }
  if (node.type !== 'element') return { type: 'text', value: '' }
  if (depth > DEEPEST) return { type: 'text', value: textOf(node) }
  const { tagName, properties } = node
  return { type: 'element', tagName, properties, children: node.children.map((child) => shallow(child, depth + 1)) } as Node
}

/** All text of a node, however deep it stands. */
export function textOf(node: Node): string {
  let text = ''
  const ahead = [node]
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    if (next.type === 'text') text += next.value
    if ('children' in next) ahead.push(...next.children.toReversed())
  }
  return text
}
