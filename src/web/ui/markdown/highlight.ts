/** Colours for code, as a tree and never as HTML; an unknown language stays plain. */
import hljs from 'highlight.js/lib/core'
import bash from 'highlight.js/lib/languages/bash'
import c from 'highlight.js/lib/languages/c'
import cpp from 'highlight.js/lib/languages/cpp'
import csharp from 'highlight.js/lib/languages/csharp'
import css from 'highlight.js/lib/languages/css'
import diff from 'highlight.js/lib/languages/diff'
import go from 'highlight.js/lib/languages/go'
import java from 'highlight.js/lib/languages/java'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import markdown from 'highlight.js/lib/languages/markdown'
import php from 'highlight.js/lib/languages/php'
import python from 'highlight.js/lib/languages/python'
import ruby from 'highlight.js/lib/languages/ruby'
import rust from 'highlight.js/lib/languages/rust'
import sql from 'highlight.js/lib/languages/sql'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'

const languages = {
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  go,
  java,
  javascript,
  json,
  markdown,
  php,
  python,
  ruby,
  rust,
  sql,
  typescript,
  xml,
  yaml,
}
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language)

/** Code, and what each part of it is. */
export type Colours = string | { readonly scope?: string; readonly children: readonly Colours[] }

/** Colours that nest deeper are those of the level above: a browser lays out each level within the one before. */
const DEEPEST = 16

/** Gives the code in its parts, or null where the language is not known or the code nests beyond reason. */
export function highlight(code: string, language: string): Colours | null {
  if (!hljs.getLanguage(language)) return null
  try {
    const { _emitter } = hljs.highlight(code, { language, ignoreIllegals: true })
    // The tree that highlight.js builds before it writes HTML.
    return shallow((_emitter as unknown as { readonly rootNode: Colours }).rootNode, 0)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function shallow(tree: Colours, depth: number): Colours {
  if (typeof tree === 'string') return tree
  const scope = tree.scope?.split('.')[0]
  const children = tree.children.map((child) => (depth < DEEPEST ? shallow(child, depth + 1) : textOf(child)))
  return { ...(scope && { scope }), children }
}

const textOf = (tree: Colours): string => (typeof tree === 'string' ? tree : tree.children.map(textOf).join(''))
