/**
 * Reads a block of Markdown: what elements it becomes, with its formulas as KaTeX would write them. How long that takes is
 * for whoever wrote the text to say, so what is not small is read in a worker (`beside.ts`).
 */
import type { ToMarkup } from './maths/markup.ts'
import { type Node, parse, type Syntax, textOf } from './parse.ts'

export interface Block {
  readonly nodes: readonly Node[]
  /** How many elements it becomes, or about as many. */
  readonly elements: number
  /** Whether there are formulas, and there was no KaTeX to read them with. */
  readonly lacksMarkup: boolean
}

/** What is there to read with. */
export interface Reader {
  readonly syntax?: Syntax | undefined
  readonly toMarkup?: ToMarkup | undefined
}

/** A hundred levels on one line. */
const TOO_DEEP = /^[ \t]*(?:>[ \t]*|(?:[*+-]|\d{1,9}[.)])[ \t]+){100}/m

/** Gives what a block becomes; null where it nests too deep to be read. */
export function read(text: string, { syntax, toMarkup }: Reader): Block | null {
  if (TOO_DEEP.test(text)) return null
  try {
    const nodes = parse(text, syntax)
    return { nodes, elements: finish(nodes, toMarkup), lacksMarkup: !toMarkup && nodes.some(hasFormula) }
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

const isFormula = (node: Node) => node.type === 'element' && node.tagName === 'math' && node.properties.display !== 'open'

const hasFormula = (node: Node): boolean => isFormula(node) || ('children' in node && node.children.some(hasFormula))

/** Gives formulas their markup, and the number of elements. */
function finish(nodes: readonly Node[], toMarkup: ToMarkup | undefined): number {
  let elements = 0
  for (const node of nodes) {
    if (node.type !== 'element') continue
    elements += 1 + finish(node.children as Node[], toMarkup)
    const markup = toMarkup && isFormula(node) ? toMarkup(textOf(node), node.properties.display === 'block') : null
    if (markup === null) continue
    node.properties.markup = markup
    elements += markup.split('</').length
  }
  return elements
}
