/**
 * Draws what KaTeX made of a formula. It is not given to the browser as HTML: it is read again, and only the elements,
 * attributes and style properties listed here become elements. So nothing that a formula says can be a link, an image, an
 * id or an address, and the page's policy need not allow styles in HTML.
 */
import 'katex/dist/katex.min.css'
import { createElement, type ReactNode } from 'react'

/** Beyond, the source is shown. */
const LIMIT = { depth: 150, em: 500 }

const TAGS = new Set(
  (
    'span svg path line math semantics annotation mrow mi mo mn mtext mspace ms msup msub msubsup mfrac msqrt mroot mtable mtr mtd ' +
    'mlabeledtr mover munder munderover mmultiscripts mprescripts mstyle mpadded mphantom menclose merror'
  ).split(' '),
)
/** By their names in the markup, with React's. */
const ATTRIBUTES = new Map(
  (
    'aria-hidden d x1 x2 y1 y2 width height viewBox preserveAspectRatio encoding display mathvariant mathcolor mathbackground ' +
    'mathsize stretchy fence separator symmetric movablelimits accent accentunder lspace rspace minsize maxsize linethickness ' +
    'notation depth voffset scriptlevel displaystyle rowspacing columnspacing columnalign rowlines columnlines side'
  )
    .split(' ')
    .map((name) => [name, name] as const)
    .concat([
      ['class', 'className'],
      ['stroke-width', 'strokeWidth'],
    ]),
)
const STYLES =
  /^(height|width|min-width|top|bottom|left|right|vertical-align|position|color|background-color|text-shadow|margin(-(top|right|bottom|left))?|padding(-(top|right|bottom|left))?|border(-(top|right|bottom|left))?(-(width|style|color))?)$/
const VALUE = /^[\w.#% -]+$/
const PIECE = /<(\/?)([a-z]+)((?:\s[\w:-]+=(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy
const ATTRIBUTE = /\s([\w:-]+)=(?:"([^"]*)"|'([^']*)')/g
const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#x27;': "'" }

interface Element {
  readonly tag: string
  readonly props: Readonly<Record<string, unknown>>
  readonly children: ReactNode[]
}

/** Reads the markup; null where it holds anything that is not listed. */
export function toElements(markup: string): ReactNode {
  const root: Element = { tag: '', props: {}, children: [] }
  const open = [root]
  let end = 0
  for (const match of markup.matchAll(PIECE)) {
    end += match[0].length
    if (!take(match, open)) return null
  }
  return end === markup.length && open.length === 1 ? root.children : null
}

/** Adds a piece of the markup to the elements that are open; tells whether it may be there. */
function take([, slash, tag = '', attributes = '', isWhole, text]: RegExpExecArray, open: Element[]): boolean {
  const parent = open.at(-1)!
  if (text !== undefined) return parent.children.push(decode(text)) > 0
  if (slash) {
    open.pop()
    open.at(-1)?.children.push(toElement(parent))
    return parent.tag === tag
  }
  const props = TAGS.has(tag) ? toProps(attributes) : null
  if (props === null || open.length > LIMIT.depth) return false
  const element = { tag, props: { ...props, key: parent.children.length }, children: [] }
  if (isWhole) parent.children.push(toElement(element))
  else open.push(element)
  return true
}

const toElement = ({ tag, props, children }: Element) => createElement(tag, props, ...children)

function toProps(attributes: string): Record<string, unknown> | null {
  const props: Record<string, unknown> = {}
  for (const [, name = '', double, single] of attributes.matchAll(ATTRIBUTE)) {
    const value = decode(double ?? single ?? '')
    const known = ATTRIBUTES.get(name)
    if (name === 'style') {
      // KaTeX bounds most sizes, and not all of them.
      if ([...value.matchAll(/([\d.]+)em/g)].some(([, size]) => Number(size) > LIMIT.em)) return null
      props.style = toStyle(value)
    } else if (known) props[known] = value
    else if (name !== 'xmlns') return null
  }
  return props
}

/** The style as properties, which the page's policy permits; those that aren't listed are left out. */
function toStyle(style: string): Record<string, string> {
  const pairs = style.split(';').map((each) => each.split(':').map((part) => part.trim()))
  const good = pairs.filter(([name = '', value = '', ...rest]) => STYLES.test(name) && VALUE.test(value) && rest.length === 0)
  return Object.fromEntries(
    good.map(([name = '', value = '']) => [name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]),
  )
}

const decode = (text: string) => text.replace(/&(?:amp|lt|gt|quot|#x27);/g, (entity) => ENTITIES[entity] ?? entity)
