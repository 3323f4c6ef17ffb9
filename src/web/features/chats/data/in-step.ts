/**
 * Keeps what this page knows of chats in step with what happens to them in other tabs, on other devices and by others. An event says
 * what happened and to what; what it is now is asked for, once for all that came together, and only where this page does not know.
 */
import type { Happening } from '#contract/events.ts'
import { call } from '#web/kernel/api.ts'
import { onCatchUp } from '#web/kernel/catch-up.ts'
import { onEvent } from '#web/kernel/events.ts'
import { ApiProblem, mayPass } from '#web/kernel/problem.ts'
import { noticeSessionEnd, queryClient } from '#web/kernel/session.ts'
import { isFollowed } from './answers.ts'
import { chatQuery, dropChat, putChat, refreshChats } from './chat-list.ts'
import { knownMessage, messagesQuery, refreshMessages } from './messages.ts'

/** Beyond so many chats at once the list is asked for as a whole. */
const FEW = 8
const LATER_MS = 5_000
const GONE: readonly Happening['kind'][] = ['chat.deleted', 'chat.left', 'chat.erased']
const BACK: readonly Happening['kind'][] = ['chat.restored', 'chat.moved']

let later: ReturnType<typeof setTimeout> | undefined

/** Begins to keep in step; gives the way to stop. */
export function keepInStep(): () => void {
  const stops = [onEvent('happened', ({ items }) => take(items)), onEvent('opened', catchUp), onEvent('resumed', catchUp)]
  return () => {
    for (const stop of stops) stop()
  }
}

function take(items: readonly Happening[]): void {
  if (items.some(({ kind }) => kind === 'access.changed')) {
    catchUp()
    return
  }
  const ofChats = Map.groupBy(
    items.filter(({ chatId }) => chatId !== null),
    ({ chatId }) => String(chatId),
  )
  // The archive, the trash, and what was found, where one of them is open.
  void queryClient.invalidateQueries({ queryKey: ['shelf'] })
  const changed = [...ofChats].filter(([chatId, ofChat]) => takeChat(chatId, ofChat)).map(([chatId]) => chatId)
  if (changed.length > FEW) quietly(refreshChats())
  else for (const chatId of changed) quietly(look(chatId))
}

/** What happened to one chat; answers whether it is still there. */
function takeChat(chatId: string, items: readonly Happening[]): boolean {
  const last = items.filter(({ messageId }) => messageId === null).at(-1)?.kind
  if (last && GONE.includes(last)) {
    lose(chatId)
    return false
  }
  // Who reads it, where that is open.
  if (last) void queryClient.invalidateQueries({ queryKey: ['sharing', chatId] })
  if (last && BACK.includes(last)) void queryClient.resetQueries({ queryKey: messagesQuery(chatId).queryKey })
  else if (items.some(isNew)) quietly(refreshMessages(chatId))
  return true
}

/** Whether it is of a message that this page does not have as it is now. */
function isNew({ kind, chatId, messageId }: Happening): boolean {
  if (!chatId || !messageId) return false
  const known = knownMessage(chatId, messageId)
  if (isFollowed(messageId)) return false
  if (!known || kind === 'message.changed') return true
  return kind !== 'message.created' && (kind === 'answer.ended') === (known.status === 'streaming')
}

async function look(chatId: string): Promise<void> {
  try {
    putChat(await call('chats.get', { params: { chatId } }))
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.problem.status !== 404) throw error
    lose(chatId)
  }
}

/** A chat that is not within reach any more: where it is open, its page asks for it and says so. */
function lose(chatId: string): void {
  dropChat(chatId)
  for (const { queryKey } of [chatQuery(chatId), messagesQuery(chatId)]) void queryClient.resetQueries({ queryKey })
}

/** Once for everything, after not all was told. */
function catchUp(): void {
  quietly(refreshChats())
  for (const queryKey of [['chat'], ['sharing']]) void queryClient.invalidateQueries({ queryKey })
  queryClient.removeQueries({ queryKey: ['messages'], type: 'inactive' })
  for (const { queryKey } of queryClient.getQueryCache().findAll({ queryKey: ['messages'], type: 'active' }))
    quietly(refreshMessages(String(queryKey[1])))
}

/** What could not be asked for is caught up with: when the server can be reached again, or after a while. */
function quietly(asked: Promise<void>): void {
  asked.catch((error: unknown) => {
    if (mayPass(error)) later ??= setTimeout(retry, LATER_MS)
    else noticeSessionEnd(error)
  })
}

function retry(): void {
  clearTimeout(later)
  if (later === undefined) return
  later = undefined
  catchUp()
}
onCatchUp('rest', async () => retry())
