/** The bundled handbook: one Markdown file to a section, in the order of their names. The part after the number is the id. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HandbookSection } from '#contract/models.ts'
import type { Passage } from './passage.ts'

const DIRECTORY = join(import.meta.dirname, 'handbook')

/** Every section, in order. */
export const HANDBOOK: readonly HandbookSection[] = readdirSync(DIRECTORY)
  .filter((name) => name.endsWith('.md'))
  .sort()
  .map(readSection)

/** Every section as something to quote. */
export const HANDBOOK_PASSAGES: readonly Passage[] = HANDBOOK.map(({ id, title, markdown }) => ({
  source: { kind: 'handbook', section: id, title },
  title,
  text: markdown,
  score: 0,
}))

function readSection(file: string): HandbookSection {
  const name = /^\d+-(?<id>[a-z-]+)\.md$/.exec(file)
  const text = /^# (?<title>[^\n]+)\n+(?<markdown>.+)$/s.exec(readFileSync(join(DIRECTORY, file), 'utf8'))
  const { id = '', title = '', markdown = '' } = { ...name?.groups, ...text?.groups }
  if (!name || !text) throw new Error(`${file} is not a handbook section: a number and a name, then a title and text.`)
  return { id, title, markdown: markdown.trim() }
}
