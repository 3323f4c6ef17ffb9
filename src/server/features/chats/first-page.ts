/** The first page of a person's chats, kept as it was sent: most of what is asked of a list is whether it is still the same. */
import { hash } from 'node:crypto'
import { z } from 'zod'
import { listChats } from '#contract/chats.ts'
import type { Cursors } from '#server/isolation/cursor.ts'
import type { KeptPages } from '#server/isolation/pages.ts'
import { ReadyReply } from '#server/isolation/route.ts'
import type { ReadTx } from '#server/isolation/unit-of-work.ts'
import type { ChatStore, ListedChats } from './store.ts'

/** A server that would send another shape keeps its pages under another name. */
const SHAPE = hash('sha256', JSON.stringify(z.toJSONSchema(listChats.reply, { io: 'input' }))).slice(0, 8)
/** As many as are asked for unless somebody says otherwise; pages of other sizes are not kept. */
const LIMIT = listChats.query.parse({}).limit

export interface PageParts {
  readonly chats: ChatStore
  readonly pages: KeptPages
  readonly cursors: Cursors
}

type Page = z.input<typeof listChats.reply>
type Query = z.output<typeof listChats.query>

/** A page of one of the actor's lists as the database has it now. */
export async function pageOfChats({ chats, pages, cursors }: PageParts, tx: ReadTx, query: Query): Promise<Page | ReadyReply> {
  const list = `chats:${query.in}`
  const pageOf = async ({ chats: items, last }: ListedChats) => ({ items, next: last ? await cursors.make(tx.actor, list, last) : null })
  const page = { in: query.in, limit: query.limit, after: await cursors.read(tx.actor, list, query.cursor) }
  if (page.after || page.limit !== LIMIT) return pageOf(await chats.list(tx, page))
  const name = `${list}:${SHAPE}`
  const kept = await pages.find(tx, name)
  const { print, listed } = await chats.listUnless(tx, page, kept?.print)
  if (!listed) return new ReadyReply(kept!.text)
  const text = JSON.stringify(listChats.reply.parse(await pageOf(listed)))
  await pages.keep(tx, name, { print, text })
  return new ReadyReply(text)
}
