/** What the tests of sharing share: sharing and taking back through the interface, and what somebody sees of a chat. */
import type { Chat, Message } from '#contract/chats.ts'
import type { Sharing } from '#contract/sharing.ts'
import type { Answer, SignedIn } from '#tests/support/world.ts'

export const share = (
  owner: Pick<SignedIn, 'call'>,
  chatId: string,
  readers: readonly SignedIn[],
  quoted: readonly string[] = [],
): Promise<Answer> => owner.call('POST', `/api/chats/${chatId}/readers`, { userIds: readers.map(({ me }) => me.user.id), quoted })

export const takeBack = (by: Pick<SignedIn, 'call'>, chatId: string, from?: SignedIn): Promise<Answer> =>
  by.call('DELETE', `/api/chats/${chatId}/readers${from ? `/${from.me.user.id}` : ''}`)

export const chatFor = (person: Pick<SignedIn, 'call'>, chatId: string) => person.call<Chat>('GET', `/api/chats/${chatId}`)

export const readersFor = (person: Pick<SignedIn, 'call'>, chatId: string) => person.call<Sharing>('GET', `/api/chats/${chatId}/readers`)

export async function listFor(person: Pick<SignedIn, 'call'>, list: 'chats' | 'shared' = 'shared'): Promise<string[]> {
  const { body } = await person.call<{ items: Chat[] }>('GET', `/api/chats?in=${list}`)
  return body.items.map(({ id }) => id)
}

export async function textsFor(person: Pick<SignedIn, 'call'>, chatId: string): Promise<string> {
  const { text } = await person.call<{ items: Message[] }>('GET', `/api/chats/${chatId}/messages?limit=100`)
  return text
}
