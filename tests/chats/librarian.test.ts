/** The Librarian through the API: it quotes the asking person's own chats and the handbook, word for word, and nothing else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Message } from '#contract/chats.ts'
import { begin, doneOf, follow, messagesOf, shown, textOf } from '#tests/support/conversation.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { readersFor, share } from '../sharing/stage.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
let greenhouse: AskedChat
const FACT = 'The greenhouse thermostat is set to 17 degrees in November.'

beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  greenhouse = await chatOf(alice, { description: 'Greenhouse', question: `Remember this. ${FACT} The tomatoes like it.` })
  await chatOf(bob, { description: 'Lighthouse', question: 'The lighthouse password is periwinkle-8841, keep it to yourself.' })
})
afterAll(() => world.close())

const citations = (message: Message) => message.parts.filter((part) => part.type === 'citation')

async function askLibrarian(person: SignedIn, text: string): Promise<Message> {
  const answer = await begin(person, { model: 'librarian', text })
  const events = await follow(person, answer)
  const done = doneOf(events)
  expect(done.status).toBe('complete')
  expect(shown(events)).toBe(textOf(done))
  expect(events.flatMap(({ data }) => data.citation ?? [])).toEqual(citations(done))
  return done
}

test('it quotes what the person wrote before, and says where', async () => {
  const answer = await askLibrarian(alice, 'What is the greenhouse thermostat set to?')
  const [citation] = citations(answer)
  expect(citation).toMatchObject({
    number: 1,
    source: { kind: 'message', chatId: greenhouse.chatId, messageId: greenhouse.questionId, title: 'Greenhouse' },
  })
  expect(citation?.quote).toContain(FACT)
  expect(textOf(answer)).toContain('[1]')
})

test('every quotation stands, word for word, in the message it points to', async () => {
  for (const citation of citations(await askLibrarian(alice, 'greenhouse thermostat degrees tomatoes'))) {
    if (citation.source.kind !== 'message') continue
    const { chatId, messageId } = citation.source
    const source = (await messagesOf(alice, chatId)).find(({ id }) => id === messageId)
    expect(textOf(source!).replace(/\s+/g, ' ')).toContain(citation.quote.replace(/\s+/g, ' '))
  }
})

test("another person's words are never found, and the answer is that for words nobody wrote", async () => {
  const foreign = await askLibrarian(alice, 'lighthouse periwinkle')
  const nobody = await askLibrarian(alice, 'zeppelin marmalade')
  expect(citations(foreign)).toEqual([])
  expect(textOf(foreign)).toBe(textOf(nobody))
  expect(textOf(foreign)).toMatch(/^Nothing in your chats or the handbook mentions that\./)
  expect(textOf(await askLibrarian(bob, 'What is the lighthouse password?'))).toContain('periwinkle-8841')
})

test('what is shared with somebody is quoted as such: to them, to whom they share on with, and not to its owner', async () => {
  const carol = await world.signIn('carol')
  const ferry = await chatOf(carol, { description: 'Ferry times', question: 'The ferry to Gotland leaves at eleven in winter.' })
  await share(carol, ferry.chatId, [alice])
  const asked = await begin(alice, { model: 'librarian', text: 'ferry Gotland winter' })
  const answer = doneOf(await follow(alice, asked))
  expect(textOf(answer)).toContain('From **“Ferry times”**, a chat that is shared with you, ')
  expect(citations(answer)).toMatchObject([{ source: { chatId: ferry.chatId, shared: true } }])
  expect((await readersFor(alice, asked.chatId)).body.quoted).toEqual([
    { chatId: ferry.chatId, title: 'Ferry times', shared: true, quotations: 1 },
  ])
  await share(alice, asked.chatId, [bob], [ferry.chatId])
  const read = (await messagesOf(bob, asked.chatId)).find(({ id }) => id === asked.answerId)!
  expect(citations(read)).toMatchObject([{ source: { shared: true } }])
  const own = await askLibrarian(carol, 'ferry Gotland winter')
  expect(textOf(own)).toContain('From your chat **“Ferry times”**')
  expect(citations(own).map(({ source }) => 'shared' in source)).toEqual([false])
})

test('an administrator, and another organisation, find nothing either', async () => {
  for (const person of [await world.signIn('carol'), await world.signIn('mallory')])
    expect(JSON.stringify(await askLibrarian(person, 'lighthouse periwinkle greenhouse thermostat'))).not.toMatch(/8841|17 degrees/)
})

test('a deleted chat is not quoted until it is restored', async () => {
  const { chatId } = await chatOf(alice, { description: 'Recipes', question: 'The gooseberry compote wants two spoons of sugar.' })
  expect(textOf(await askLibrarian(alice, 'gooseberry compote sugar'))).toContain('two spoons')
  await alice.call('DELETE', `/api/chats/${chatId}`)
  expect(JSON.stringify(await askLibrarian(alice, 'gooseberry compote spoons'))).not.toContain('two spoons')
  await alice.call('POST', `/api/chats/${chatId}/restore`)
  expect(textOf(await askLibrarian(alice, 'gooseberry compote sugar'))).toContain('two spoons')
})

test('it does not quote itself, nor the conversation at hand', async () => {
  const first = await begin(alice, { model: 'librarian', text: 'The walrus census is on Thursday.' })
  await follow(alice, first)
  const again = await alice.call<{ answer: Message }>('POST', `/api/chats/${first.chatId}/messages`, {
    text: 'When is the walrus census?',
    parentId: first.answerId,
    idempotencyKey: crypto.randomUUID(),
  })
  const path = `/api/chats/${first.chatId}/generations/${again.body.answer.id}`
  const done = doneOf(await follow(alice, { ...first, answerId: again.body.answer.id, path }))
  expect(citations(done).filter(({ source }) => source.kind === 'message' && source.chatId === first.chatId)).toEqual([])
})

describe('the handbook', () => {
  test.each([
    ['Who can read my chats?', 'who-can-read-a-chat', /Only you can read your chats/],
    ['How do I add a model?', 'adding-a-model', /opens Models/],
    ['What happens when I delete a chat?', 'renaming-and-deleting', /leaves your list at once/],
  ])('%s', async (question, section, words) => {
    const [citation] = citations(await askLibrarian(bob, question))
    expect(citation?.source).toMatchObject({ kind: 'handbook', section })
    expect(citation?.quote).toMatch(words)
  })

  test('its sections are those that the API gives', async () => {
    const { items } = (await bob.call<{ items: { id: string; title: string; markdown: string }[] }>('GET', '/api/handbook')).body
    expect(items.length).toBeGreaterThan(5)
    const [citation] = citations(await askLibrarian(bob, 'Who can read my chats?'))
    const section = items.find(({ id }) => citation?.source.kind === 'handbook' && id === citation.source.section)
    expect(section?.markdown.replace(/\s+/g, ' ')).toContain(citation!.quote.replace(/\s+/g, ' '))
  })
})
