/** The messages of a chat as this page knows them: of the branch that is shown, what was fetched. */
import { queryOptions } from '@tanstack/react-query'
import type { Message } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { queryClient } from '#web/kernel/session.ts'
import { type Branch, missingIn, NO_MESSAGES, withExchange, withMessages, withPath } from './branch.ts'
import { takenBack } from './chat-list.ts'

type Path = Reply<'messages.list'>
type Place = { through: string; at?: number } | { around: string }

/** As many messages as a page has. */
const STRETCH = 50

/** The query for the branch of a chat that is shown: first the end of the one that was shown last, on whichever device. */
export const messagesQuery = (chatId: string) =>
  queryOptions({
    queryKey: ['messages', chatId],
    queryFn: async ({ signal }) => withPath(NO_MESSAGES, await call('messages.list', { params: { chatId } }, { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  })

/** Takes in messages as the server has them now. */
export function putMessages(chatId: string, messages: readonly Message[]): void {
  edit(chatId, (branch) => withMessages(branch, messages))
}

/** Shows a message as it is going to be; gives the way to show it again as it was, but for what has changed of it since. */
export function changeMessage(message: Message, changes: Partial<Message>): () => void {
  const { chatId, id } = message
  const known = () => knownMessage(chatId, id) ?? message
  putMessages(chatId, [{ ...known(), ...changes }])
  return () => putMessages(chatId, [takenBack(known(), changes, message)])
}

/** Gives a message as this page has it. */
export function knownMessage(chatId: string, messageId: string): Message | undefined {
  return [...(branchOf(chatId)?.at.values() ?? [])].find(({ id }) => id === messageId)
}

/** Takes in a question and its answer. A chat begun here needs no fetching: `whole` says that these are all. */
export function putExchange(chatId: string, exchange: Pick<Reply<'messages.send'>, 'question' | 'answer'>, whole = false): void {
  if (whole && !branchOf(chatId)) queryClient.setQueryData(messagesQuery(chatId).queryKey, NO_MESSAGES)
  edit(chatId, (branch) => withExchange(branch, exchange))
}

/** Looks for what has come behind the branch that is shown, and takes it in. */
export async function refreshMessages(chatId: string): Promise<void> {
  const branch = branchOf(chatId)
  if (!branch) return
  takeIn(chatId, branch, await fetchPath(chatId, branch.leafId === null ? undefined : { through: branch.leafId }))
}

const underWay = new Set<string>()

/** Fetches what is missing between two depths, the deepest first, a stretch at a time. */
export async function fetchBetween(chatId: string, first: number, last: number): Promise<void> {
  const branch = branchOf(chatId)
  const missing = branch && missingIn(branch, first, last)
  if (!branch?.leafId || missing === null || missing === undefined) return
  const name = `${branch.leafId} ${Math.floor(missing / STRETCH)}`
  if (underWay.has(name)) return
  underWay.add(name)
  try {
    takeIn(chatId, branch, await fetchPath(chatId, { through: branch.leafId, at: missing }))
  } finally {
    underWay.delete(name)
  }
}

/** Has the branch through a message shown here, from the message on; fails when there is none. */
export async function showAround(chatId: string, messageId: string): Promise<void> {
  const path = await fetchPath(chatId, { around: messageId })
  edit(chatId, (branch) => withPath(branch, path))
}

/** A page that was asked for as one of this branch; another may have been chosen meanwhile. */
function takeIn(chatId: string, asked: Branch, path: Path): void {
  edit(chatId, (now) => (now.leafId === asked.leafId ? withPath(now, path, true) : now))
}

function fetchPath(chatId: string, place?: Place): Promise<Path> {
  return call('messages.list', { params: { chatId }, query: { ...place } })
}

function branchOf(chatId: string): Branch | undefined {
  return queryClient.getQueryData(messagesQuery(chatId).queryKey)
}

function edit(chatId: string, change: (branch: Branch) => Branch): void {
  queryClient.setQueryData(messagesQuery(chatId).queryKey, (branch) => branch && change(branch))
}
