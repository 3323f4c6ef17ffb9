/** One thing done to one chat or to many of them with one request: what the server refuses of it is put back and said. */
import type { BulkAct } from '#contract/care.ts'
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { queryClient } from '#web/kernel/session.ts'
import { act, type Deed } from '#web/ui/deed.ts'
import { toast } from '#web/ui/toast.ts'
import { t } from '../care-text.ts'
import { changeChat } from './chat-list.ts'
import { sayRestored } from './restored.ts'
import { noteSeen } from './unread.ts'

type Act = Exclude<BulkAct, 'erase'>
type Outcome = Reply<'chats.change_many'>

const BACK: Readonly<Record<Act, Act>> = {
  pin: 'unpin',
  unpin: 'pin',
  archive: 'unarchive',
  unarchive: 'archive',
  delete: 'restore',
  restore: 'delete',
}

/** Does it; what was done can be taken back. */
export async function changeChats(what: Act, chats: readonly Chat[]): Promise<void> {
  let done = chats
  await apply(what, chats, {
    settle: ({ failed }) => {
      const ids = new Set<string>(failed.map(({ chatId }) => chatId))
      done = chats.filter(({ id }) => !ids.has(id))
      // They come back into the list without an answer that is new.
      if (what === 'restore' || what === 'unarchive') for (const chat of done) noteSeen(chat)
    },
    done: () => ({ text: sayDone(what, done) }),
    undo: () => void takeBack(what, done),
  })
}

function sayDone(what: Act, chats: readonly Chat[]): string {
  const [only] = chats
  if (chats.length !== 1 || !only) return t(`didMany.${what}`, { count: chats.length })
  return what === 'restore' ? sayRestored(only) : t(`did.${what}`, { title: only.description })
}

/** Back to what it was. Archiving unpins, so what was pinned before is pinned again, which takes it out of the archive. */
async function takeBack(what: Act, chats: readonly Chat[]): Promise<void> {
  const again = what === 'archive' ? chats.filter(({ pinned }) => pinned) : what === 'pin' ? chats.filter(({ archived }) => archived) : []
  const rest = chats.filter((chat) => !again.includes(chat))
  if (again.length > 0) await apply(what === 'archive' ? 'pin' : 'archive', again)
  if (rest.length > 0) await apply(BACK[what], rest)
}

type Said = Required<Pick<Deed<Outcome>, 'settle' | 'done' | 'undo'>>

async function apply(what: Act, chats: readonly Chat[], said?: Said): Promise<void> {
  const puttingBack = new Map<string, () => void>()
  await act({
    on: `chats ${chats.map(({ id }) => id).join(' ')}`,
    show: () => {
      for (const chat of chats) puttingBack.set(chat.id, changeChat(chat, after(what)))
      return () => {
        for (const putBack of puttingBack.values()) putBack()
      }
    },
    send: async () => {
      const outcome = await call('chats.change_many', { body: { act: what, chatIds: chats.map(({ id }) => id) } })
      const [first] = outcome.failed
      if (first && outcome.done.length === 0) throw new ApiProblem({ type: '', title: '', status: 409, requestId: '', ...first }, null)
      return outcome
    },
    settle: (outcome) => {
      for (const { chatId } of outcome.failed) puttingBack.get(chatId)?.()
      const [first] = outcome.failed
      if (first)
        toast({ kind: 'failed', text: t('many.failed', { count: outcome.failed.length }), detail: `${first.detail} ${first.next}` })
      said?.settle(outcome)
    },
    ...(said && { done: said.done, undo: said.undo }),
  })
  void queryClient.invalidateQueries({ queryKey: ['shelf'] })
}

function after(what: Act): Partial<Chat> {
  if (what === 'pin') return { pinned: true, archived: false }
  if (what === 'unpin') return { pinned: false }
  if (what === 'archive') return { pinned: false, archived: true }
  if (what === 'unarchive') return { archived: false }
  return { deletedAt: what === 'delete' ? new Date().toISOString() : null }
}
