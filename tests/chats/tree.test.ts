/** The tree of a chat: what the server shows is what the model of a tree says, however it came about, for its person alone. */
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Chat, Message } from '#contract/chats.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import type { Path } from '#contract/tree.ts'
import { ask, asked, begin, type Exchange, follow, messagesOf, offer, pathOf, schemaOf, send, textOf } from '#tests/support/conversation.ts'
import { addChain, addVersions } from '#tests/support/long-chat.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type Answer, chatOf, codeOf, createWorld, type SignedIn, superuser, type World } from '#tests/support/world.ts'
import { refusalOf } from '#tests/walls/attack.ts'
import { shownOf, TreeModel } from './tree-model.ts'

const RUNS = Number(process.env.SARDONYX_TREE_RUNS ?? 6)

let world: World
let models: ModelServer
let alice: SignedIn
let phone: SignedIn
let bob: SignedIn
let schema: string
let echo: string
let hang: string

beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  phone = await world.signIn('alice')
  bob = await world.signIn('bob')
  const model = await offer(await world.signIn('carol'), models, ['echo', 'hang'])
  echo = model('echo')
  hang = model('hang')
  schema = await schemaOf(world, 'acme')
})
afterAll(async () => {
  await world.close()
  await models.close()
})

const newChat = async (person = alice) => (await person.call<Chat>('POST', '/api/chats', { model: echo })).body.id
const page = async (person: SignedIn, chatId: string, query = '') =>
  (await person.call<Path>('GET', `/api/chats/${chatId}/messages?${query}`)).body
const fork = (person: SignedIn, chatId: string, messageId: string, idempotencyKey: string = crypto.randomUUID()) =>
  person.call<Chat>('POST', `/api/chats/${chatId}/forks`, { messageId, idempotencyKey })
const show = (person: SignedIn, chatId: string, messageId: string) => person.call('POST', `/api/chats/${chatId}/branch`, { messageId })
const again = (person: SignedIn, chatId: string, body: object) => person.call<Exchange>('POST', `/api/chats/${chatId}/generations`, body)
const refused = (answer: Answer) => [answer.status, codeOf(answer)]

/** A short chat: a question, its answer, and one more of each. */
async function shortChat(person = alice) {
  const first = await begin(person, { model: echo, text: 'first' })
  await follow(person, first)
  const second = await ask(person, first.chatId, { text: 'second', parentId: first.answerId })
  await follow(person, second)
  return { chatId: first.chatId, first, second }
}

describe('as the model says', () => {
  const step = fc.record({
    act: fc.constantFrom('send', 'send', 'edit', 'again', 'choose', 'fork', 'page'),
    at: fc.nat(50),
    size: fc.integer({ min: 1, max: 4 }),
  })
  const pick = <T>(all: readonly T[], at: number): T | undefined => all[at % Math.max(all.length, 1)]

  interface Playing {
    readonly chatId: ChatId
    readonly model: TreeModel
    /** What the step picks: any question, any message, and how much. */
    readonly question: string | undefined
    readonly message: string | undefined
    readonly at: number
    readonly size: number
  }

  const take = async (model: TreeModel, reply: Answer<Exchange>) => {
    await follow(alice, asked(reply.body))
    model.add(reply.body.question, reply.body.answer.id)
  }
  const said = async ({ chatId, model }: Playing, parentId: string | null) =>
    take(model, await send(alice, chatId, { text: `question ${model.questions.length}`, parentId }))

  const ACTS: Record<string, (playing: Playing) => Promise<void>> = {
    send: (playing) => said(playing, pick([null, ...playing.model.answers], playing.at) ?? null),
    edit: (playing) => said(playing, playing.question ? playing.model.parentOf(playing.question) : null),
    again: async ({ chatId, model, question }) => {
      if (question) await take(model, await again(alice, chatId, { questionId: question }))
    },
    choose: async ({ chatId, model, message }) => {
      if (!message) return
      expect((await show(phone, chatId, message)).status).toBe(200)
      model.choose(message)
    },
    fork: async ({ chatId, message }) => {
      if (message) await forked(chatId, message)
    },
    page: async ({ chatId, model, message, size }) => {
      if (message) await paged({ chatId, model, through: message, size })
    },
  }

  async function play(steps: readonly { act: string; at: number; size: number }[]): Promise<void> {
    const chatId = await newChat()
    const model = new TreeModel()
    for (const { act, at, size } of steps) {
      await ACTS[act]!({ chatId, model, question: pick(model.questions, at), message: pick(model.messages, at), at, size })
      expect((await pathOf(alice, chatId, '', size)).map(shownOf)).toEqual(model.path())
    }
    expect((await messagesOf(phone, chatId)).map(({ id }) => id).sort()).toEqual([...model.messages].sort())
  }

  async function forked(chatId: ChatId, at: string): Promise<void> {
    const before = await messagesOf(alice, chatId)
    const { body } = await fork(alice, chatId, at)
    expect(body.forkedFrom).toEqual({ chatId, messageId: at })
    const texts = (messages: readonly Message[]) => messages.map((message) => textOf(message))
    const upTo = before.find(({ id }) => id === at)!
    const way = await pathOf(alice, chatId, `through=${at}`)
    const copied = await pathOf(alice, body.id)
    expect(texts(copied)).toEqual(texts(way.filter(({ depth }) => depth <= upTo.depth)))
    expect(await messagesOf(alice, chatId)).toEqual(before)
  }

  /** Up from the end to the first question and down again, and what lies around the message. */
  async function paged({
    chatId,
    model,
    through,
    size,
  }: {
    chatId: ChatId
    model: TreeModel
    through: string
    size: number
  }): Promise<void> {
    const whole = model.path(through)
    const up = await pathOf(alice, chatId, `through=${through}`, size)
    expect(up.map(shownOf)).toEqual(whole)
    const around = await page(alice, chatId, `around=${through}&limit=${size}`)
    expect(around.items.map(({ id }) => id)).toContain(through)
    expect(around).toMatchObject({ total: whole.length, leafId: whole[0]!.id })
    const down: Path[] = [await page(alice, chatId, `through=${through}&at=0&limit=${size}`)]
    for (let at = down[0]!; at.previous; at = down.at(-1)!) down.push(await page(alice, chatId, `cursor=${at.previous}&limit=${size}`))
    expect(
      down
        .reverse()
        .flatMap(({ items }) => items)
        .map(shownOf),
    ).toEqual(whole)
  }

  test('sent, edited, answered again, chosen, forked and paged in any order', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), play), { numRuns: RUNS })
  }, 180_000)
})

describe('the branch that is shown', () => {
  test('is the one chosen or sent on last, on every device of the person, with the version at each fork', async () => {
    const { chatId, first, second } = await shortChat()
    const other = asked((await again(alice, chatId, { questionId: second.questionId })).body)
    await follow(alice, other)
    const edited = await ask(alice, chatId, { text: 'instead', parentId: null })
    await follow(alice, edited)
    const shown = async () => (await page(phone, chatId)).items.map(({ id }) => id)
    expect(await shown()).toEqual([edited.answerId, edited.questionId])
    await show(alice, chatId, first.questionId)
    expect((await shown())[0]).toBe(other.answerId)
    await show(alice, chatId, second.answerId)
    await show(alice, chatId, edited.questionId)
    await show(phone, chatId, first.questionId)
    expect((await shown())[0]).toBe(second.answerId)
  })

  test('goes with its chat', async () => {
    const { chatId, second } = await shortChat()
    await follow(alice, asked((await again(alice, chatId, { questionId: second.questionId })).body))
    const kept = async () =>
      (
        await world.sql(
          `select 1 from ${schema}.branch where chat_session_id = $1 union all select 1 from ${schema}.branch_choice where chat_session_id = $1`,
          [chatId],
        )
      ).rows.length
    expect(await kept()).toBe(2)
    await alice.call('DELETE', `/api/chats/${chatId}`)
    await world.sql(`delete from ${schema}.chat_session where id = $1`, [chatId])
    expect(await kept()).toBe(0)
  })
})

describe('sending', () => {
  test('twenty at once on different branches are all taken and all answered', async () => {
    const { chatId, first, second } = await shortChat()
    const places = [null, first.answerId, second.answerId]
    const sent = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const question = { text: `branch ${i}`, parentId: places[i % 3]!, idempotencyKey: crypto.randomUUID() }
        let answer = await send(alice, chatId, question)
        while (codeOf(answer) === 'generation.too_many') answer = await send(alice, chatId, question)
        return asked(answer.body)
      }),
    )
    await Promise.all(sent.map((each) => follow(alice, each)))
    const all = await messagesOf(alice, chatId)
    expect(all).toHaveLength(44)
    expect(sent.map(({ answerId }) => all.find(({ id }) => id === answerId)?.status)).toEqual(Array(20).fill('complete'))
  })

  test('answered again under the same key ten times at once is answered once; the key is good for nothing else', async () => {
    const { chatId, first, second } = await shortChat()
    const body = { questionId: first.questionId, idempotencyKey: crypto.randomUUID() }
    const answers = await Promise.all(Array.from({ length: 10 }, () => again(alice, chatId, body)))
    expect(new Set(answers.map(({ status, body: { answer } }) => `${status} ${answer.id}`)).size).toBe(1)
    expect((await page(alice, chatId)).items[0]?.versions).toMatchObject({ number: 2, total: 2 })
    expect(refused(await again(alice, chatId, { ...body, questionId: second.questionId }))).toEqual([409, 'message.conflict'])
    expect(refused(await send(alice, chatId, { text: '', parentId: null, ...body }))).toEqual([400, 'request.invalid'])
    const question = { text: 'first', parentId: null, idempotencyKey: body.idempotencyKey }
    expect(refused(await send(alice, chatId, question))).toEqual([409, 'message.conflict'])
  })

  test('behind an answer that is being written is refused until it is complete or stopped; beside it is not', async () => {
    const held = await begin(alice, { model: hang, text: 'wait' })
    const behind = { text: 'and then?', parentId: held.answerId, model: echo }
    expect(refused(await send(alice, held.chatId, behind))).toEqual([409, 'message.unfinished'])
    expect(refused(await fork(alice, held.chatId, held.answerId))).toEqual([409, 'message.unfinished'])
    await follow(alice, await ask(alice, held.chatId, { text: 'beside', parentId: null, model: echo }))
    await alice.call('POST', `${held.path}/stop`)
    models.release()
    await follow(alice, asked((await send(alice, held.chatId, behind)).body))
    expect((await page(alice, held.chatId)).total).toBe(4)
  })

  test('a model is sent the path that leads to the question, however much has been said elsewhere since', async () => {
    const { chatId, first } = await shortChat()
    await addVersions(world, alice, { chatId, parent: null, count: 450, text: (n) => `elsewhere ${n}` })
    await follow(alice, await ask(alice, chatId, { text: 'and here?', parentId: first.answerId }))
    expect(models.requests.at(-1)?.body.messages?.map(({ content }) => content)).toEqual(['first', 'first', 'and here?'])
  })

  test('of a path of thousands a model is sent the end', async () => {
    const chatId = await newChat()
    const ids = await addChain(world, alice, { chatId, from: null, count: 1_000, text: (n) => `said ${n}` })
    await follow(alice, await ask(alice, chatId, { text: 'and now?', parentId: ids.at(-1)! }))
    const sent = models.requests.at(-1)!.body.messages!.map(({ content }) => content)
    expect([sent.length, sent[0], sent.at(-2), sent.at(-1)]).toEqual([399, 'said 602', 'said 999', 'and now?'])
  })
})

describe('a tree is a tree', () => {
  interface Row {
    readonly id: string
    readonly parent_id: string | null
    readonly jump_id: string | null
    readonly depth: number
  }
  const rowsOf = async (chatId: string) => {
    const { rows } = await world.sql<Row>(
      `select id, parent_id, jump_id, depth from ${schema}.chat_message where chat_session_id = $1 order by depth`,
      [chatId],
    )
    return new Map(rows.map((row) => [row.id, row]))
  }
  /** How many steps it takes to get from a message to one further up, as `message_path` goes; undefined where it is not reached. */
  function stepsBetween(rows: ReadonlyMap<string, Row>, from: string, to: Row): number | undefined {
    let at = rows.get(from)
    let steps = 0
    for (; at && at.depth > to.depth; steps++) {
      const jump = at.jump_id === null ? undefined : rows.get(at.jump_id)
      at = jump && jump.depth >= to.depth ? jump : rows.get(at.parent_id!)
    }
    return at?.id === to.id ? steps : undefined
  }

  test('any depth is a few steps away, on every branch', async () => {
    const chatId = await newChat()
    const trunk = await addChain(world, alice, { chatId, from: null, count: 3_000, text: (n) => `said ${n}` })
    const from = { id: trunk[1_234]!, depth: 1_234 }
    const branch = await addChain(world, alice, { chatId, from, count: 2_000, text: (n) => `or ${n}` })
    const rows = await rowsOf(chatId)
    const up = (end: string, way: readonly string[]) => way.map((id) => stepsBetween(rows, end, rows.get(id)!) ?? Number.NaN)
    expect(Math.max(...up(trunk.at(-1)!, trunk))).toBeLessThan(30)
    expect(Math.max(...up(branch.at(-1)!, [...trunk.slice(0, 1_235), ...branch]))).toBeLessThan(30)
    expect(stepsBetween(rows, branch.at(-1)!, rows.get(trunk[1_235]!)!)).toBeUndefined()
    const at = async (through: string, depth: number) => (await page(alice, chatId, `through=${through}&at=${depth}&limit=1`)).items[0]?.id
    expect([await at(trunk.at(-1)!, 1_235), await at(branch.at(-1)!, 1_235), await at(branch.at(-1)!, 7)]).toEqual([
      trunk[1_235],
      branch[0],
      trunk[7],
    ])
  })

  test('messages from before there were depths get the same ones', async () => {
    const { chatId, first } = await shortChat()
    const trunk = await addChain(world, alice, { chatId, from: { id: first.answerId, depth: 1 }, count: 300, text: (n) => `said ${n}` })
    await addChain(world, alice, { chatId, from: { id: trunk[99]!, depth: 101 }, count: 200, text: (n) => `or ${n}` })
    const before = await rowsOf(chatId)
    const [migration] = /with recursive way as[^;]+;/.exec(await readFile('db/tenant/0020_tree.sql', 'utf8'))!
    await superuser(world.url, async (client) => {
      await client.query('set session_replication_role = replica')
      await client.query(`update ${schema}.chat_message set depth = case when parent_id is null then 0 else 1 end, jump_id = null`)
      await client.query(migration.replaceAll('{schema}', schema))
    })
    expect(await rowsOf(chatId)).toEqual(before)
  })

  test('who says where to jump is not believed', async () => {
    const { chatId, second, first } = await shortChat()
    const lie = { id: crypto.randomUUID(), parent: second.answerId, depth: 4 }
    await world.sql(
      `insert into ${schema}.chat_message (jump_id, chat_session_id, id, scope_id, user_id, parent_id, depth, message_type, message)
       values ('${lie.id}', ${message(chatId, lie).slice(1)}`,
    )
    expect((await rowsOf(chatId)).get(lie.id)?.jump_id).toBe(second.answerId)
    expect((await rowsOf(chatId)).get(second.answerId)?.jump_id).toBe(first.questionId)
  })

  const message = (chatId: string, { id, parent, depth }: { id: string; parent: string | null; depth: number }) =>
    `('${chatId}', '${id}', '${alice.me.personalScopeId}', '${alice.me.user.id}', ${parent ? `'${parent}'` : 'null'}, ${depth}, 'user', '')`
  const insert = (...rows: string[]) =>
    world.sql(
      `insert into ${schema}.chat_message (chat_session_id, id, scope_id, user_id, parent_id, depth, message_type, message) values ${rows.join()}`,
    )

  test('no message follows itself, one that follows it, or one at another depth, even by the hand of the superuser', async () => {
    const chatId = await newChat()
    const [a, b, c] = Array.from({ length: 3 }, () => crypto.randomUUID())
    const row = (id: string, parent: string | null, depth: number) => message(chatId, { id, parent, depth })
    for (const rows of [[row(a!, a!, 1)], [row(a!, b!, 1), row(b!, a!, 2)], [row(a!, b!, 1), row(b!, c!, 2), row(c!, a!, 3)]])
      expect(await refusalOf(insert(...rows))).toBe('23503')
    await insert(row(a!, null, 0), row(b!, a!, 1))
    expect(await refusalOf(insert(row(c!, b!, 5)))).toBe('23503')
    expect(await refusalOf(insert(row(c!, null, 1)))).toBe('23514')
    expect(await refusalOf(world.sql(`update ${schema}.chat_message set parent_id = '${b}', depth = 2 where id = '${a}'`))).toBe('23503')
    await insert(row(c!, b!, 2))
  })
})

describe('ten thousand', () => {
  test('deep: opened at its end, at its beginning, in its middle', async () => {
    const chatId = await newChat()
    const ids = await addChain(world, alice, { chatId, from: null, count: 10_000, text: (n) => `said ${n}` })
    const said = async (query: string) => {
      const { items, total } = await page(alice, chatId, query)
      return [items.length, items[0] && textOf(items[0]), total]
    }
    expect(await said('')).toEqual([50, 'said 9999', 10_000])
    expect(await said('at=49')).toEqual([50, 'said 49', 10_000])
    expect(await said(`around=${ids[5_000]}`)).toEqual([50, 'said 5025', 10_000])
    expect(await said(`through=${ids[3]}`)).toEqual([50, 'said 9999', 10_000])
    expect(refused(await fork(alice, chatId, ids[1_000]!))).toEqual([409, 'chat.fork_too_long'])
    expect((await fork(alice, chatId, ids[999]!)).status).toBe(201)
  }, 60_000)

  test('versions of one question: each with those beside it', async () => {
    const chatId = await newChat()
    const ids = await addVersions(world, alice, { chatId, parent: null, count: 10_000, text: (n) => `said ${n}` })
    const { items } = await page(alice, chatId, `through=${ids[6_999]}`)
    expect(items.map(({ versions }) => versions)).toEqual([{ number: 7_000, total: 10_000, previousId: ids[6_998], nextId: ids[7_000] }])
    await show(alice, chatId, ids[4_999]!)
    expect((await page(phone, chatId)).leafId).toBe(ids[4_999])
  }, 60_000)
})

describe('a fork', () => {
  test('is the hundredth within an hour, and the last', async () => {
    const carol = await world.signIn('carol')
    const { chatId, answerId } = await chatOf(carol, { description: 'Again', question: 'And again?' })
    await world.sql(
      `insert into ${schema}.chat_session (id, user_id, scope_id, description, wrapped_key, model, forked_from, forked_at, time_created)
       select gen_random_uuid(), $1, $1, '', '', 'm', gen_random_uuid(), gen_random_uuid(), now() - interval '1 minute' * case when n < 100 then 59 else 61 end
         from generate_series(1, 150) n`,
      [carol.me.user.id],
    )
    const key = crypto.randomUUID()
    expect((await fork(carol, chatId, answerId, key)).status).toBe(201)
    expect(refused(await fork(carol, chatId, answerId))).toEqual([429, 'chat.too_many_forks'])
    // Of what was begun already it answers, and others are not concerned.
    expect((await fork(carol, chatId, answerId, key)).status).toBe(201)
    await world.sql(`update ${schema}.chat_session set time_created = time_created - interval '1 minute' where id <> $1 and user_id = $2`, [
      chatId,
      carol.me.user.id,
    ])
    expect((await fork(carol, chatId, answerId)).status).toBe(201)
  })

  test('is one’s own, under its own key, with its citations, and stays when the original goes', async () => {
    await chatOf(alice, { description: 'Warehouse', question: 'The warehouse is in Rotterdam, behind the old quay.' })
    const { chatId, answerId } = await chatOf(alice, { description: 'Stock', question: 'Where is the warehouse?', model: 'librarian' })
    const { body: copy } = await fork(alice, chatId, answerId)
    expect(copy).toMatchObject({ description: 'Stock (fork)', named: true, scope: { id: alice.me.personalScopeId } })
    expect((await fork(alice, copy.id, (await page(alice, copy.id)).leafId!)).body.description).toBe('Stock (fork 2)')
    const [original, copied] = [await pathOf(alice, chatId), await pathOf(alice, copy.id)]
    expect(copied.map(({ parts }) => parts)).toEqual(original.map(({ parts }) => parts))
    expect(copied[0]!.parts.some(({ type }) => type === 'citation')).toBe(true)
    expect(copied.map(({ timeCreated, modelName }) => [timeCreated, modelName])).toEqual(
      original.map((each) => [each.timeCreated, each.modelName]),
    )
    const { rows } = await world.sql<{ count: string }>(
      `select count(distinct wrapped_key) as count from ${schema}.chat_session where id = any($1)`,
      [[chatId, copy.id]],
    )
    expect(rows[0]?.count).toBe('2')
    await alice.call('DELETE', `/api/chats/${chatId}`)
    expect(await pathOf(alice, copy.id)).toEqual(copied)
  })

  test('is no echo: the Librarian quotes neither the copy nor the original in it', async () => {
    const words = 'The lighthouse keeper is called Ottoline.'
    const told = await chatOf(alice, { description: 'Keeper', question: words, model: echo })
    const { body: copy } = await fork(alice, told.chatId, told.questionId)
    const answerIn = async (chatId: ChatId, parentId: MessageId | null) => {
      const asking = await ask(alice, chatId, { text: 'Who is the lighthouse keeper Ottoline?', parentId, model: 'librarian' })
      await follow(alice, asking)
      return JSON.stringify((await page(alice, chatId)).items[0]?.parts)
    }
    expect(await answerIn(copy.id, (await page(alice, copy.id)).leafId)).not.toContain(words)
    expect(await answerIn(await newChat(), null)).toContain(words)
  })

  test('ten times at once under one key is one; the key is good for no other message', async () => {
    const { chatId, first, second } = await shortChat()
    const key = crypto.randomUUID()
    const made = await Promise.all(Array.from({ length: 10 }, () => fork(alice, chatId, first.answerId, key)))
    expect(new Set(made.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    expect(refused(await fork(alice, chatId, second.answerId, key))).toEqual([409, 'message.conflict'])
    expect((await fork(bob, (await shortChat(bob)).chatId, first.answerId, key)).status).toBe(404)
  })

  test('whose time is up is found by its key no more, and the key is good for no other', async () => {
    const { body: chat } = await alice.call<Chat>('POST', '/api/chats', { model: echo, temporaryHours: 24 })
    const only = await ask(alice, chat.id, { text: 'off the record', parentId: null })
    await follow(alice, only)
    const key = crypto.randomUUID()
    const { body: copy } = await fork(alice, chat.id, only.answerId, key)
    await world.sql(`update ${schema}.chat_session set temporary_until = now() - interval '1 minute' where id = $1`, [copy.id])
    for (const answerId of [only.answerId, only.questionId])
      expect(refused(await fork(alice, chat.id, answerId, key))).toEqual([409, 'message.conflict'])
    expect((await fork(alice, chat.id, only.answerId)).status).toBe(201)
  })

  test('of a temporary chat is kept no longer than it', async () => {
    const { body: chat } = await alice.call<Chat>('POST', '/api/chats', { model: echo, temporaryHours: 24 })
    const only = await ask(alice, chat.id, { text: 'off the record', parentId: null })
    await follow(alice, only)
    const { body: copy } = await fork(alice, chat.id, only.answerId)
    expect(copy.temporaryUntil).toBe(chat.temporaryUntil)
    expect(copy.temporaryUntil).not.toBeNull()
  })
})

describe('others', () => {
  test('who read along have a branch of their own, and may fork; what they forked is theirs when the sharing ends', async () => {
    const { chatId, first, second } = await shortChat()
    const other = asked((await again(alice, chatId, { questionId: first.questionId })).body)
    await follow(alice, other)
    const shared = await alice.call('POST', `/api/chats/${chatId}/readers`, { userIds: [bob.me.user.id], quoted: [] })
    expect(shared.status).toBe(204)
    bob = await world.signIn('bob')
    await show(bob, chatId, first.answerId)
    expect([(await page(bob, chatId)).leafId, (await page(alice, chatId)).leafId]).toEqual([second.answerId, other.answerId])
    const { body: copy } = await fork(bob, chatId, second.answerId)
    expect(copy.scope.id).toBe(bob.me.personalScopeId)
    const copied = await pathOf(bob, copy.id)
    expect(copied.map(({ userId }) => userId)).toEqual(Array(4).fill(bob.me.user.id))
    expect((await page(alice, copy.id)).items).toBeUndefined()
    expect((await alice.call('DELETE', `/api/chats/${chatId}/readers/${bob.me.user.id}`)).status).toBe(204)
    expect(refused(await bob.call('GET', `/api/chats/${chatId}/messages?through=${second.answerId}`))).toEqual([404, 'chat.not_found'])
    expect(refused(await fork(bob, chatId, first.answerId))).toEqual([404, 'chat.not_found'])
    expect(await pathOf(bob, copy.id)).toEqual(copied)
  })

  test('get of a chat that is not theirs what they get of none: no page, no branch, no fork', async () => {
    const { chatId, first } = await shortChat()
    const cursor = (await page(alice, chatId, 'limit=1')).next!
    const own = await shortChat(bob)
    const visitors = [bob, await world.signIn('carol'), await world.signIn('mallory')]
    const tries = (chat: string, id: MessageId | string) => (person: SignedIn) => [
      person.call('GET', `/api/chats/${chat}/messages?around=${id}`),
      person.call('GET', `/api/chats/${chat}/messages?through=${id}&at=0`),
      person.call('GET', `/api/chats/${chat}/messages?cursor=${cursor}`),
      show(person, chat, id),
      fork(person, chat, id),
    ]
    const plain = (answers: Answer[]) => answers.map(({ status, body }) => ({ status, body: { ...(body as object), requestId: '' } }))
    for (const visitor of visitors) {
      const theirs = plain(await Promise.all(tries(chatId, first.answerId)(visitor)))
      expect(theirs).toEqual(plain(await Promise.all(tries(crypto.randomUUID(), crypto.randomUUID())(visitor))))
      expect(theirs.map(({ status }) => status)).toEqual(Array(5).fill(404))
    }
    const inside = plain(await Promise.all(tries(own.chatId, first.answerId)(bob)))
    expect(inside).toEqual(plain(await Promise.all(tries(own.chatId, crypto.randomUUID())(bob))))
    expect(inside.map(({ status }) => status)).toEqual([404, 404, 400, 404, 404])
    expect((await Promise.all(tries(chatId, first.answerId)(alice))).map(({ status }) => status)).toEqual([200, 200, 200, 200, 201])
  })
})
