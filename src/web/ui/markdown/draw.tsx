/**
 * Draws the tree of a text as elements. Only what is listed here is drawn, with the properties that are listed here: an
 * element more, an attribute more, and the page would not know it. `rendered.test.tsx` holds every text against that.
 */
import { type ComponentType, createElement, type ReactNode } from 'react'
import { CodeBlock } from './code-block.tsx'
import type { HeadingTags } from './headings.ts'
import { Image, Link, TrustedLink } from './link.tsx'
import { Mark } from './marks.tsx'
import type { FormulaProps } from './maths/formula.tsx'
import { type Node, textOf } from './parse.ts'
import { Table } from './table.tsx'
import { t } from './words.ts'

type Properties = Readonly<Record<string, unknown>>

export interface Drawing {
  readonly headings: HeadingTags
  /** Whether links within this site work. */
  readonly trusted: boolean
  /** Draws formulas, once it has arrived. */
  readonly Formula?: ComponentType<FormulaProps> | undefined
  /** What ids in it begin with. */
  readonly prefix: string
}

const PLAIN = new Set('blockquote br code del em hr li ol p strong sup tbody td th thead tr ul'.split(' '))

/** Of the elements that are drawn as they are, what they may have. */
const own: Readonly<Record<string, (properties: Properties, drawing: Drawing) => Properties>> = {
  li: ({ id }, { prefix }) => ({ id: id && `${prefix}${id}` }),
  ol: ({ start }) => ({ start }),
  td: aligned,
  th: aligned,
}

function aligned({ align }: Properties): Properties {
  return align ? { style: { textAlign: align }, className: align === 'right' ? 'whitespace-nowrap' : undefined } : {}
}

/** What this folder draws itself; each takes only the properties that it knows. */
const parts: Readonly<Record<string, ComponentType<never>>> = {
  a: Link,
  cite: Mark,
  img: Image,
  input: ({ checked }: { checked?: boolean }) => (
    <input type="checkbox" disabled checked={checked} aria-label={t(checked ? 'markdown.done' : 'markdown.open')} />
  ),
  section: ({ children }: { children?: ReactNode }) => <section aria-label={t('footnote.label')}>{children}</section>,
  table: Table,
}

/** Draws a node and what is in it. */
export function draw(node: Node, drawing: Drawing, key?: number): ReactNode {
  if (node.type === 'text') return node.value
  if (node.type !== 'element') return null
  const { tagName, properties } = node
  const within = () => node.children.map((child, index) => draw(child, drawing, index))
  if (tagName === 'pre') return <CodeBlock key={key} {...codeIn(node)} />
  if (tagName === 'math') return drawing.Formula && createElement(drawing.Formula, { ...mathsIn(properties), key }, textOf(node))
  if (PLAIN.has(tagName)) return createElement(tagName, { ...own[tagName]?.(properties, drawing), key }, ...within())
  const heading = drawing.headings[tagName as 'h1']
  if (heading) return createElement(heading, { key }, ...within())
  const part = tagName === 'a' && drawing.trusted ? TrustedLink : Object.hasOwn(parts, tagName) ? parts[tagName] : undefined
  return part ? createElement(part as ComponentType<Properties>, { ...properties, prefix: drawing.prefix, key }, ...within()) : null
}

const mathsIn = ({ display, markup }: Properties) => ({ display, markup })

function codeIn(pre: Node): { text: string; language: string | null } {
  const code = 'children' in pre ? pre.children[0] : undefined
  const names = code?.type === 'element' ? code.properties.className : undefined
  const name = Array.isArray(names) ? names.find((each) => String(each).startsWith('language-')) : undefined
  return { text: textOf(pre).replace(/\n$/, ''), language: name === undefined ? null : String(name).slice('language-'.length) }
}
