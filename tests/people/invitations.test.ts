/** Inviting many at once: each has an outcome, nobody's mistake is in another's way, and what became of each letter is known. */
import { rm, stat, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Member } from '#contract/accounts.ts'
import type { PendingInvitation } from '#contract/people.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let carol: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld()
  carol = await world.signIn('carol')
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())

interface Outcome {
  readonly email: string
  readonly outcome: string
  readonly wrong: { field: string; message: string }[]
}
const invite = (people: object[], who = carol) => who.call<{ outcomes: Outcome[]; mail: string }>('POST', '/api/members/invite', { people })
const outcomes = ({ body }: Answer<{ outcomes: Outcome[] }>) => body.outcomes.map(({ email, outcome }) => `${email} ${outcome}`)
const pending = async (query = '') =>
  (await carol.call<{ items: PendingInvitation[]; next: string | null; failed: number }>('GET', `/api/invitations?limit=100${query}`)).body
const of = async (email: string) => (await pending()).items.find(({ member }) => member.email === email)
const refusal = (answer: Answer) => [answer.status, codeOf(answer)]
const accept = (token: string) => world.call('POST', '/api/invitations/accept', { body: { token, password: PASSWORD, deliver: 'token' } })

describe('addresses', () => {
  test('that are taken are told before anybody is invited, with whether their person has joined', async () => {
    await invite([{ name: 'Una Early', email: 'una@acme.test' }])
    const asked = { emails: ['una@acme.test', ' Bob@ACME.test ', 'nobody@acme.test', PEOPLE.mallory.email] }
    const { body } = await carol.call<{ items: object[] }>('POST', '/api/members/known', asked)
    expect(body.items).toHaveLength(2)
    expect(body.items).toEqual(
      expect.arrayContaining([
        { email: 'una@acme.test', joined: false },
        { email: PEOPLE.bob.email, joined: true },
      ]),
    )
  })
})

describe('many at once', () => {
  const people = [
    { name: 'Erin Vogel', email: ' Erin@ACME.test ', role: 'admin' },
    { name: 'Bob Two', email: PEOPLE.bob.email },
    { name: '', email: 'no-name@acme.test' },
    { name: 'No Address', email: 'acme' },
    { name: 'No Role', email: 'role@acme.test', role: 'king' },
    { name: 'Erin Again', email: 'erin@acme.test' },
    { name: 'Frank Weiss', email: 'frank@acme.test' },
  ]

  test('have an outcome each, with what is wrong; all others go through, with the role that was given', async () => {
    const answer = await invite(people)
    expect(answer.status).toBe(200)
    expect(outcomes(answer)).toEqual([
      'erin@acme.test invited',
      'bob@acme.test exists',
      'no-name@acme.test invalid',
      'acme invalid',
      'role@acme.test invalid',
      'erin@acme.test exists',
      'frank@acme.test invited',
    ])
    expect(answer.body.outcomes.map(({ wrong }) => wrong.map(({ field }) => field).join())).toEqual([
      '',
      '',
      'name',
      'email',
      'role',
      '',
      '',
    ])
    expect(await of('erin@acme.test')).toMatchObject({ member: { name: 'Erin Vogel', role: 'admin', joined: false } })
  })

  test('get a letter each, with a link that lets that person in and is in no reply', async () => {
    for (const email of ['erin@acme.test', 'frank@acme.test']) await expect.poll(async () => (await of(email))?.letter).toBe('sent')
    const letter = await world.mail.last('frank@acme.test')
    for (const typed of [PEOPLE.carol.name, 'Frank']) expect(letter.text).not.toContain(typed)
    const seen = JSON.stringify([await pending(), (await invite(people)).body])
    expect(seen).not.toContain(letter.token.split('.')[1])
    expect((await accept(letter.token)).body).toMatchObject({ me: { user: { email: 'frank@acme.test' } } })
    expect(await of('frank@acme.test')).toBeUndefined()
  })

  test('sent again invite nobody twice and send nobody another letter', async () => {
    const before = (await world.mail.all()).length
    const answers = await Promise.all([invite(people), invite(people)])
    for (const answer of answers) expect(outcomes(answer).filter((each) => each.endsWith('invited'))).toEqual([])
    expect((await world.mail.all()).length).toBe(before)
  })

  test('in two requests at once are invited once each', async () => {
    const batch = Array.from({ length: 20 }, (_, i) => ({ name: `Number ${i}`, email: `number${i}@acme.test` }))
    const answers = await Promise.all([invite(batch), invite(batch.toReversed()), invite(batch)])
    expect(
      answers
        .flatMap(outcomes)
        .filter((each) => each.endsWith('invited'))
        .sort(),
    ).toEqual(batch.map(({ email }) => `${email} invited`).sort())
  })

  test('are two hundred at most, and one at least', async () => {
    const some = (count: number) => Array.from({ length: count }, (_, i) => ({ name: '', email: `x${i}` }))
    expect((await invite(some(200))).status).toBe(200)
    expect(refusal(await invite(some(201)))).toEqual([400, 'request.invalid'])
    expect(refusal(await invite([]))).toEqual([400, 'request.invalid'])
  })
})

test('an address of other letters than plain ones is nobody’s, also where they become plain when they are made small', async () => {
  const answers = await Promise.all(
    ['mi\u212Ae@acme.test', 'mike@\u212Aacme.test', 'zo\u00eb@acme.test', 'x@b\u00fccher.test', 'MIKE@xn--bcher-kva.test'].map((email) =>
      carol.call('POST', '/api/members', { name: 'Mike Young', email }),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 201])
  expect(answers[0]!.text).toContain('must be of plain letters')
})

describe('a letter that could not be sent', () => {
  test('is said, for one and for many, and goes out when it is sent again', async () => {
    await expect.poll(async () => (await pending()).items.filter(({ letter }) => letter === 'on_its_way')).toEqual([])
    // Where the folder should be there is a file, so nothing can be written into it.
    const { folder } = world.config.mail
    await rm(folder, { recursive: true })
    await writeFile(folder, '')
    const one = await carol.call<{ sent: boolean }>('POST', '/api/members', { name: 'Grace Hall', email: 'grace@acme.test' })
    expect([one.status, one.body.sent]).toEqual([201, false])
    expect(outcomes(await invite([{ name: 'Heidi Kern', email: 'heidi@acme.test' }]))).toEqual(['heidi@acme.test invited'])
    for (const email of ['grace@acme.test', 'heidi@acme.test']) await expect.poll(async () => (await of(email))?.letter).toBe('failed')
    expect((await pending()).failed).toBe(2)
    await rm(folder)
    const { member } = (await of('heidi@acme.test'))!
    const again = await carol.call<{ sent: boolean }>('POST', `/api/members/${member.id}/invitation`)
    expect(again.body.sent).toBe(true)
    expect([(await of('heidi@acme.test'))?.letter, (await pending()).failed]).toEqual(['sent', 1])
    expect((await accept((await world.mail.last('heidi@acme.test')).token)).status).toBe(200)
  })

  test('is also one that a server took along when it died', async () => {
    const email = 'grace@acme.test'
    const set = (ago: string) =>
      world.sql(
        `update ${schema}.link set letter = 'on_its_way', letter_at = now() - $1::interval where user_id = (select id from ${schema}."user" where email = $2)`,
        [ago, email],
      )
    await set('1 minute')
    expect((await of(email))?.letter).toBe('on_its_way')
    await set('11 minutes')
    expect((await of(email))?.letter).toBe('failed')
  })

  test('lies, like every letter without a mail server, where only the operator reads it', async () => {
    expect((await invite([{ name: 'Ivan Roth', email: 'ivan@acme.test' }])).body.mail).toBe('folder')
    await expect.poll(async () => (await of('ivan@acme.test'))?.letter).toBe('sent')
    expect((await stat(world.config.mail.folder)).mode & 0o077).toBe(0)
  })
})

describe('an invitation that is taken back', () => {
  const cancel = (id: string, who = carol) => who.call('DELETE', `/api/members/${id}/invitation`)

  test('takes the account along: its link is good for nothing, and the address is free', async () => {
    await carol.call('POST', '/api/members', { name: 'Judy Lang', email: 'judy@acme.test' })
    const { member } = (await of('judy@acme.test'))!
    const { token } = await world.mail.last('judy@acme.test')
    await carol.call('POST', `/api/members/${member.id}/role`, { role: 'admin' })
    expect((await cancel(member.id)).status).toBe(204)
    expect((await accept(token)).status).toBe(404)
    expect(await of('judy@acme.test')).toBeUndefined()
    const { rows } = await world.sql(`select from ${schema}.scope where id = $1`, [member.id])
    expect(rows).toEqual([])
    expect(refusal(await cancel(member.id))).toEqual([404, 'member.not_found'])
    expect((await carol.call('POST', '/api/members', { name: 'Judy Lang', email: 'judy@acme.test' })).status).toBe(201)
  })

  test('is refused for who has joined, and to everybody else', async () => {
    const { items } = (await carol.call<{ items: Member[] }>('GET', '/api/members?query=frank')).body
    expect(refusal(await cancel(items[0]!.id))).toEqual([409, 'member.joined'])
    const { member } = (await of('judy@acme.test'))!
    expect(refusal(await cancel(member.id, await world.signIn('bob')))).toEqual([403, 'auth.not_allowed'])
    expect(refusal(await cancel(member.id, await world.signIn('mallory')))).toEqual([404, 'member.not_found'])
  })

  test('and is accepted at once goes one way or the other, never both', async () => {
    for (let round = 0; round < 5; round++) {
      const email = `race${round}@acme.test`
      await carol.call('POST', '/api/members', { name: 'A Race', email })
      const { member } = (await of(email))!
      const { token } = await world.mail.last(email)
      const [accepted, cancelled] = await Promise.all([accept(token), cancel(member.id)])
      expect([
        [200, 409],
        [404, 204],
      ]).toContainEqual([accepted.status, cancelled.status])
    }
  })

  test('is all that the database lets a door remove of people', async () => {
    const { rows } = await world.sql<{ id: string }>(`select id from ${schema}."user" where email = $1`, [PEOPLE.alice.email])
    const tables = [
      ['"user"', 'id'],
      ['scope', 'id'],
      ['scope_key', 'scope_id'],
      ['scope_member', 'scope_id'],
      ['security_event', 'scope_id'],
    ]
    for (const [table, column] of tables) {
      const text = `delete from ${schema}.${table} where ${column} = $1`
      const [outcome] = await world.database.fly('auth', [{ text, values: [rows[0]!.id] }])
      expect([table, outcome!.rowCount]).toEqual([table, 0])
    }
    expect((await world.signIn('alice')).me.user.email).toBe(PEOPLE.alice.email)
  })
})

test('the list pages, and a cursor is of its list and person', async () => {
  const whole = (await pending()).items
  const seen: PendingInvitation[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { items: PendingInvitation[]; next: string | null } = (
      await carol.call<{ items: PendingInvitation[]; next: string | null }>(
        'GET',
        `/api/invitations?limit=7${cursor && `&cursor=${cursor}`}`,
      )
    ).body
    seen.push(...page.items)
    cursor = page.next
  }
  expect(seen).toEqual(whole)
  expect(refusal(await carol.call('GET', '/api/invitations?cursor=abc'))).toEqual([400, 'cursor.invalid'])
})
