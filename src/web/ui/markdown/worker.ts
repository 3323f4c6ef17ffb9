/** Reads and colours beside the page what would hold it up; `beside.ts` asks it, and ends it when it takes too long. */
import type { Order, Reply } from './beside.ts'
import { highlight } from './highlight.ts'
import { toMarkup } from './maths/markup.ts'
import { syntaxes } from './maths/reading.ts'
import { read } from './reading.ts'

const reply = (made: Reply) => postMessage(made)

addEventListener('message', ({ data }: MessageEvent<Order>) => {
  if ('code' in data) return reply(highlight(data.code, data.language))
  const { text, maths } = data
  reply(read(text, maths ? { syntax: syntaxes[maths], toMarkup } : {}))
})
postMessage('ready')
