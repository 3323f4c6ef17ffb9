/** Titles that nobody chose: from the first question at once, and then by the model that answered, of whose words no more is taken than a title. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { line } from '#contract/endpoint.ts'
import { plainTitle, titleFrom } from '#server/features/messages/titles.ts'
import { ask, begin, follow, offer, schemaOf } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'

describe('from a question', () => {
  test.each([
    ['Hello! What grows in the Sahara? I ask for a friend.', 'What grows in the Sahara?'],
    ['Hi there, please could you list the oases of Egypt?', 'could you list the oases of Egypt?'],
    ['Guten Morgen, wie hoch ist der Brocken?', 'wie hoch ist der Brocken?'],
    ['Translate this letter. It is long.', 'Translate this letter'],
    ['Version 1.2 is out. What changed?', 'Version 1.2 is out'],
    ['Hello', 'Hello'],
    ['Highlights of the year?', 'Highlights of the year?'],
    ['What about U.S. law and its courts?', 'What about U.S. law and its courts?'],
    ['沙漠里长什么？我想知道这个问题的答案，因为我很好奇。谢谢', '沙漠里长什么？我想知道这个问题的答案，因为我很好奇。'],
  ])('%s', (question, title) => expect(titleFrom(question)).toBe(title))

  test('whatever is asked, the title is one that could have been typed', () => {
    const property = fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (question) => {
      const title = titleFrom(question)
      if (/[\p{L}\p{N}]/u.test(question.slice(0, 20))) expect(title).not.toBe('')
      expect(title.length).toBeLessThanOrEqual(61)
      expect(title.isWellFormed()).toBe(true)
    })
    fc.assert(property, { numRuns: Number(process.env.SARDONYX_TITLE_RUNS ?? 300) })
  })
})

describe('of what a model says', () => {
  test.each([
    ['Plants of the Sahara', 'Plants of the Sahara'],
    ['"Plants of the Sahara."', 'Plants of the Sahara'],
    ['\n\n**Title:** *Plants of the Sahara*\nThey are few.', 'Plants of the Sahara'],
    ['# Plants of the Sahara', 'Plants of the Sahara'],
    ['<think>They ask about plants.\nHm.</think>\nPlants of the Sahara', 'Plants of the Sahara'],
    ['„Pflanzen der Sahara“', 'Pflanzen der Sahara'],
    ['Titel: Pflanzen', 'Pflanzen'],
    ['a\u202eb\u0000c\u200bd', 'abcd'],
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
    [`${'word '.repeat(20)}end`, `${'word '.repeat(11)}word…`],
    ['x'.repeat(500), undefined],
    ['', undefined],
    ['"…"', undefined],
    ['<think>never ends', undefined],
  ])('%j', (said, title) => expect(plainTitle(said)).toBe(title))

  test('whatever it is, nothing is left or something that could have been typed', () => {
    const property = fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (said) => {
      const title = plainTitle(said)
      if (title !== undefined) expect(line(61).safeParse(title)).toMatchObject({ success: true, data: title })
    })
    fc.assert(property, { numRuns: Number(process.env.SARDONYX_TITLE_RUNS ?? 300) })
  })
})

describe('by the model that answered', () => {
  let world: World
  let models: ModelServer
  let model: (name: string) => string
  let alice: SignedIn
  let schema: string
  beforeAll(async () => {
    models = await startModelServer()
    world = await createWorld({ egressAllow: models.allow })
    alice = await world.signIn('alice')
    schema = await schemaOf(world, 'acme')
    model = await offer(await world.signIn('carol'), models, ['echo', 'slow'])
  })
  afterAll(async () => {
    await world.close()
    await models.close()
  })
  let before: number
  beforeEach(() => {
    before = models.namings.length
  })

  const chatOf = async (chatId: string) => (await alice.call<Chat>('GET', `/api/chats/${chatId}`)).body
  const jobs = async (chatId: string) =>
    (await world.sql<{ state: string }>(`select state from ${schema}.job where chat_session_id = $1 order by id`, [chatId])).rows.map(
      ({ state }) => state,
    )
  const titled = (chatId: string, title: string) =>
    expect.poll(async () => (await chatOf(chatId)).description, { timeout: 15_000 }).toBe(title)
  const settled = (chatId: string) => expect.poll(async () => new Set(await jobs(chatId)), { timeout: 15_000 }).toEqual(new Set(['ended']))

  test('a chat is named after its first exchange, once, and is still nobody’s choice', async () => {
    models.scriptTitles({ text: '"Plants of the Sahara."' })
    const first = await begin(alice, { model: model('echo'), text: 'What grows in the Sahara?' })
    expect((await chatOf(first.chatId)).description).toBe('What grows in the Sahara?')
    await follow(alice, first)
    await titled(first.chatId, 'Plants of the Sahara')
    expect((await chatOf(first.chatId)).named).toBe(false)
    await settled(first.chatId)
    const [asked] = models.namings.slice(before)
    expect(JSON.stringify(asked?.body)).toContain('What grows in the Sahara?')
    await follow(alice, await ask(alice, first.chatId, { text: 'And in the Gobi?', parentId: first.answerId }))
    await settled(first.chatId)
    expect(models.namings.length - before).toBe(1)
    expect((await chatOf(first.chatId)).description).toBe('Plants of the Sahara')
  })

  test('what a person calls it stays, also when they do so while the model thinks', async () => {
    models.scriptTitles('hang')
    const asked = await begin(alice, { model: model('echo'), text: 'What grows in the Gobi?' })
    await follow(alice, asked)
    await expect.poll(() => models.namings.length - before, { timeout: 15_000 }).toBe(1)
    await alice.call('PATCH', `/api/chats/${asked.chatId}`, { description: 'My desert' })
    models.release()
    await settled(asked.chatId)
    expect(await chatOf(asked.chatId)).toMatchObject({ description: 'My desert', named: true })
  })

  test.each(['wrong-key', 'cut', 'empty'] as const)('a model that fails (%s) costs nothing and says nothing', async (failure) => {
    models.scriptTitles(failure)
    const asked = await begin(alice, { model: model('echo'), text: 'What grows in the Namib?' })
    expect((await follow(alice, asked)).at(-1)?.event).toBe('done')
    await settled(asked.chatId)
    expect((await chatOf(asked.chatId)).description).toBe('What grows in the Namib?')
  })

  test('it is not asked for a chat that has a name, is temporary, or is answered by the Librarian', async () => {
    const named = (await alice.call<Chat>('POST', '/api/chats', { description: 'Named', model: model('echo') })).body.id
    const temporary = (await alice.call<Chat>('POST', '/api/chats', { temporaryHours: 1, model: model('echo') })).body.id
    const quoted = (await alice.call<Chat>('POST', '/api/chats', { model: 'librarian' })).body.id
    for (const chatId of [named, temporary, quoted]) {
      await follow(alice, await ask(alice, chatId, { text: 'What grows here?', parentId: null }))
      await settled(chatId)
    }
    expect(models.namings.length).toBe(before)
  })

  test('nobody is named after who may not write any more: a suspended person’s chat keeps its title', async () => {
    const bob = await world.signIn('bob')
    models.scriptTitles('hang')
    const asked = await begin(bob, { model: model('echo'), text: 'What grows in the Thar?' })
    await follow(bob, asked)
    await expect.poll(() => models.namings.length - before, { timeout: 15_000 }).toBe(1)
    const titleOf = async () => (await world.sql(`select description from ${schema}.chat_session where id = $1`, [asked.chatId])).rows
    const sealed = await titleOf()
    await world.sql(`update ${schema}."user" set status = 'suspended' where id = $1`, [bob.me.user.id])
    const lines = world.log.lines.length
    models.release()
    await expect.poll(() => world.log.lines.slice(lines).join(), { timeout: 15_000 }).toContain('keeps the title')
    expect(await titleOf()).toEqual(sealed)
  })
})
