/** An answer that ended early goes on where it ended: the same message grows, and whoever reads it has what is kept, from wherever they come. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LONGEST_CONTINUED } from '#contract/bounds.ts'
import type { Message } from '#contract/chats.ts'
import { withoutRepetition } from '#server/providers/continue-answer.ts'
import {
  type Asked,
  ask,
  begin,
  doneOf,
  follow,
  messageOf,
  messagesOf,
  offer,
  openStream,
  schemaOf,
  send,
  shown,
  textOf,
} from '#tests/support/conversation.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

const QUESTION = 'one two three four five six seven eight'
const FIRST_HALF = 'one two three four '
const REST = 'and so on, to the end.'

let world: World
let models: ModelServer
let alice: SignedIn
let model: (name: string) => string
let schema: string
let baseUrl: string
beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  model = await offer(await world.signIn('carol'), models, ['slow', 'hang', 'cut', 'echo', 'out-of-tokens', 'wrong-key', 'broken'])
  schema = await schemaOf(world, 'acme')
  baseUrl = await world.server.app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await world.close()
  await models.close()
})

const stop = (answer: Asked) => alice.call('POST', `${answer.path}/stop`)
const goOn = (answer: Asked, person = alice) => person.call<Message>('POST', `${answer.path}/continue`)
/** An answer of which half was written before it was stopped. */
async function stopped(): Promise<Asked> {
  const answer = await begin(alice, { model: model('slow'), text: QUESTION })
  const stream = await openStream(baseUrl, alice.token, answer.path)
  await expect.poll(() => shown(stream.events)).toBe(FIRST_HALF)
  await stop(answer)
  await stream.ended
  models.release()
  return answer
}

describe('an answer that ended early', () => {
  test.each(['stopped', 'interrupted', 'cut', 'out-of-tokens'])('%s: its text grows in the same message', async (how) => {
    const isHalf = how !== 'out-of-tokens'
    const answer = how === 'stopped' || how === 'interrupted' ? await stopped() : await begin(alice, { model: model(how), text: QUESTION })
    await follow(alice, answer)
    if (how === 'interrupted')
      await world.sql(`update ${schema}.chat_message set status = 'streaming', lease_until = now() - interval '1 hour' where id = $1`, [
        answer.answerId,
      ])
    await expect.poll(async () => (await messageOf(alice, answer)).status, { timeout: 10_000 }).not.toBe('streaming')
    models.script({ text: REST })
    const begun = await goOn(answer)
    expect([begun.status, begun.body.id]).toEqual([202, answer.answerId])
    const whole = isHalf ? FIRST_HALF + REST : QUESTION + REST
    const events = await follow(alice, answer)
    expect(shown(events)).toBe(whole)
    const kept = await messageOf(alice, answer)
    expect(doneOf(events)).toEqual(kept)
    expect([kept.status, textOf(kept), kept.parts.map(({ type }) => type)]).toEqual(['complete', whole, ['text', 'text']])
    expect((await messagesOf(alice, answer.chatId)).length).toBe(2)
  })

  test('the model is sent what it had written, and asked to go on from its last words', async () => {
    const answer = await stopped()
    models.script({ text: REST })
    await goOn(answer)
    await follow(alice, answer)
    const [question, written, asking] = models.requests.at(-1)!.body.messages!
    expect([question, written]).toEqual([
      { role: 'user', content: QUESTION },
      { role: 'assistant', content: FIRST_HALF.trim() },
    ])
    expect(asking).toMatchObject({ role: 'user', content: expect.stringContaining('“one two three four ”') })
  })

  test('it is found by the words it had, and by those it got', async () => {
    const answer = await stopped()
    models.script({ text: 'quokkas and numbats' })
    await goOn(answer)
    await follow(alice, answer)
    const { rows } = await world.sql<{ length: number }>(`select length(lexemes) from ${schema}.message_search where message_id = $1`, [
      answer.answerId,
    ])
    expect(rows[0]?.length).toBeGreaterThan(6)
  })

  test('continuing it twice at once continues it once', async () => {
    const answer = await stopped()
    models.script('hang')
    const calls = models.requests.length
    const both = await Promise.all([goOn(answer), goOn(answer), goOn(answer)])
    expect(both.map(({ status, body }) => [status, body.status])).toEqual([
      [202, 'streaming'],
      [202, 'streaming'],
      [202, 'streaming'],
    ])
    await models.reached(calls + 1)
    models.release()
    await follow(alice, answer)
    expect(models.requests.length).toBe(calls + 1)
    expect((await messageOf(alice, answer)).parts.length).toBe(2)
  })

  test('one that was stopped again, before its first word and after, goes on as often as one likes', async () => {
    const answer = await stopped()
    models.script('hang')
    await goOn(answer)
    await alice.call('POST', `${answer.path}/stop`)
    models.release()
    for (const text of ['five ', 'six ']) {
      models.script({ text })
      await goOn(answer)
      await follow(alice, answer)
      await world.sql(`update ${schema}.chat_message set status = 'stopped' where id = $1`, [answer.answerId])
    }
    const kept = await messageOf(alice, answer)
    expect(kept.parts.map((part) => part.type === 'text' && part.text)).toEqual([FIRST_HALF, '', 'five ', 'six '])
    for (let length = 0; length <= 24; length++)
      for (const run of ['', '-1', '-2', '-3'])
        expect(shown(await follow(alice, answer, `${length}-0${run}`), textOf(kept).slice(0, length))).toBe(textOf(kept))
  })

  test('a reader who had seen what was lost with its writer takes that back, and has what is kept', async () => {
    const answer = await stopped()
    // They saw more than was kept.
    const seen = `${FIRST_HALF}fünf sechs`
    expect(shown(await follow(alice, answer, `${seen.length}-0`), seen)).toBe(FIRST_HALF)
    models.script({ text: REST })
    await goOn(answer)
    const events = await follow(alice, answer, `${seen.length}-0`)
    expect(events[0]).toMatchObject({ event: 'rewind', data: { text: FIRST_HALF.length, citations: 0 } })
    expect(shown(events, seen)).toBe(FIRST_HALF + REST)
    // Whoever comes back from there is told nothing twice.
    expect(shown(await follow(alice, answer, events[0]!.id), FIRST_HALF)).toBe(FIRST_HALF + REST)
  })

  test('a failure is a sentence, the text stays, and it can be tried again', async () => {
    const answer = await stopped()
    models.script('broken', 'broken')
    await goOn(answer)
    const failed = doneOf(await follow(alice, answer))
    expect([failed.status, textOf(failed)]).toEqual(['failed', FIRST_HALF])
    models.script({ text: REST })
    await goOn(answer)
    const done = doneOf(await follow(alice, answer))
    expect([done.status, textOf(done), done.parts.some(({ type }) => type === 'failure')]).toEqual(['complete', FIRST_HALF + REST, false])
  })
})

describe('a question behind an answer that is about to go on', () => {
  const why = (answer: Asked) => send(alice, answer.chatId, { text: 'Why?', parentId: answer.answerId, model: model('echo') })

  test('is refused once it is taken up', async () => {
    // Its model waits before it goes on, so that it is not complete before the question is looked at.
    const answer = await stopped()
    const letGo = await hold(world, `select from ${schema}.chat_message where id = '${answer.answerId}' for share`)
    const continued = goOn(answer)
    await waiting(world, 1)
    const asked = why(answer)
    await Promise.race([asked, waiting(world, 2)])
    await letGo()
    expect([codeOf(await continued), codeOf(await asked)]).toEqual([undefined, 'message.unfinished'])
    await stop(answer)
  })

  test('keeps it as it is, where it is first', async () => {
    const answer = await stopped()
    const letGo = await hold(world, `select from ${schema}.chat_session where id = '${answer.chatId}' for update`)
    const continued = goOn(answer)
    await waiting(world, 1)
    const asked = why(answer)
    await waiting(world, 2)
    await letGo()
    // The database wakes the two in either order.
    const codes = [codeOf(await continued), codeOf(await asked)]
    const { status } = await messageOf(alice, answer)
    await stop(answer)
    if (codes[0] === undefined) expect(codes).toEqual([undefined, 'message.unfinished'])
    else expect([codes, status]).toEqual([['generation.ended', undefined], 'stopped'])
  })
})

describe('what cannot be continued', () => {
  const refused = async (answer: Asked) => {
    const before = await messageOf(alice, answer)
    const reply = await goOn(answer)
    expect([reply.status, codeOf(reply)]).toEqual([409, 'generation.ended'])
    expect(await messageOf(alice, answer)).toEqual(before)
  }

  test('a complete one', async () => {
    const answer = await begin(alice, { model: model('echo'), text: QUESTION })
    await follow(alice, answer)
    await refused(answer)
  })

  test('one that something follows', async () => {
    const answer = await stopped()
    await follow(alice, await ask(alice, answer.chatId, { text: 'Why?', parentId: answer.answerId, model: model('echo') }))
    await refused(answer)
  })

  test.each(['wrong-key', 'broken'])('one without a word (%s)', async (name) => {
    const answer = await begin(alice, { model: model(name), text: QUESTION })
    await follow(alice, answer)
    await refused(answer)
  })

  test('one that is longer than a model goes on with, which is said in a sentence of its own', async () => {
    models.script({ text: 'x'.repeat(LONGEST_CONTINUED) })
    const answer = await begin(alice, { model: model('echo'), text: QUESTION })
    await follow(alice, answer)
    const stopped = () => world.sql(`update ${schema}.chat_message set status = 'stopped' where id = $1`, [answer.answerId])
    await stopped()
    models.script({ text: 'y' })
    expect((await goOn(answer)).status).toBe(202)
    await follow(alice, answer)
    await stopped()
    const before = await messageOf(alice, answer)
    expect(textOf(before)).toHaveLength(LONGEST_CONTINUED + 1)
    const reply = await goOn(answer)
    expect([reply.status, codeOf(reply), reply.text]).toEqual([409, 'generation.too_long', expect.stringContaining('400,000 characters')])
    expect(await messageOf(alice, answer)).toEqual(before)
  })

  test('one whose model is not offered any more', async () => {
    const answer = await stopped()
    await world.sql(`update ${schema}.chat_message set model = 'gone:model' where id = $1`, [answer.answerId])
    expect(codeOf(await goOn(answer))).toBe('model.not_found')
    expect((await messageOf(alice, answer)).status).toBe('stopped')
  })

  test('a question, and what is another’s', async () => {
    const answer = await stopped()
    const question = await alice.call('POST', `/api/chats/${answer.chatId}/generations/${answer.questionId}/continue`)
    expect(codeOf(question)).toBe('generation.not_found')
    for (const name of ['bob', 'mallory'] as const) expect(codeOf(await goOn(answer, await world.signIn(name)))).toBe('chat.not_found')
    expect((await messageOf(alice, answer)).status).toBe('stopped')
  })
})

describe('a server that was thought dead', () => {
  test('changes nothing any more once another has gone on', async () => {
    const answer = await begin(alice, { model: model('slow'), text: QUESTION })
    await expect.poll(async () => textOf(await messageOf(alice, answer))).toBe(FIRST_HALF)
    // As if it had been away for a minute: another server has taken the answer up.
    const elsewhere = crypto.randomUUID()
    await world.sql(`update ${schema}.chat_message set written_by = $2, lease_until = now() + interval '1 minute' where id = $1`, [
      answer.answerId,
      elsewhere,
    ])
    const row = () => world.sql(`select message, status, written_by from ${schema}.chat_message where id = $1`, [answer.answerId])
    const before = (await row()).rows
    await expect.poll(() => models.requests.at(-1)!.hungUp).toBe(true)
    models.release()
    await follow(alice, await begin(alice, { model: model('echo'), text: 'Later' }))
    expect((await row()).rows).toEqual(before)
  })
})

test.each([
  ['The quick brown fox jumps', 'brown fox jumps over the dog', ' over the dog'],
  ['The quick brown fox jumps ', 'The quick brown fox jumps over', 'over'],
  ['The quick brown fox jumps ', ' over the dog', 'over the dog'],
  ['A list:\n\n', '\n- one', '- one'],
  ['ha ha', ' ha ha ha', ' ha ha ha'],
  ['no common end', 'something else', 'something else'],
  ['the same words again and again', 'the same words again and again', ''],
])('after %j a continuation %j adds %j', (text, continuation, adds) => {
  expect(withoutRepetition(text, continuation)).toBe(adds)
})
