/** Quoted text is shown as the characters it consists of: nothing in it becomes markup, a link, an image or HTML. */

const ADDRESS = /(?:https?:\/\/|www\.|mailto:|xmpp:)\S*|[^\s`]+@[^\s`]+/gi
const MARKUP = /[\\`*_[\]<>#~|$&]/g
const OPENING = /^(?:[-+=:]|\d+[.)])/

/**
 * One line of Markdown that renders as exactly this text, with white space as single spaces. Addresses are set as code,
 * since readers of Markdown make links of them however they are escaped.
 */
export function plainMarkdown(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  let markdown = ''
  let done = 0
  for (const { 0: address, index } of line.matchAll(ADDRESS)) {
    markdown += escaped(line.slice(done, index)) + code(address)
    done = index + address.length
  }
  return (markdown + escaped(line.slice(done))).replace(OPENING, (opening) => opening.replace(/.$/, '\\$&'))
}

const escaped = (text: string) => text.replace(MARKUP, '\\$&')

function code(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(longest + 1)
  const room = text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return fence + room + text + room + fence
}
