/** What it costs to have much: long lists, long chats, many organisations; and what encryption adds to opening them. */

import type { TenantId } from '#contract/ids.ts'
import { foundOrganisation } from '#server/isolation/founding.ts'
import { loadMs, type Target } from '../load.ts'
import { compare, type Row, type Stage, summary, takeTurns, timeOf } from '../measure.ts'
import { addChats, addMessages, settle } from '../seed.ts'
import type { Login, World } from '../world.ts'

const LANES = 4
/** A list of another size than the page that is kept, so that it is read and opened each time. */
const READ_ANEW = '/api/chats?limit=51'

/** Milliseconds per request in a turn of many. */
async function requester(stage: Stage, world: World, options = {}) {
  const { port } = await world.serve(options)
  return (target: Target) => () => loadMs({ port, lanes: LANES, requests: stage.quick ? 100 : 300, ...target })
}

const manyChats: Row = {
  name: 'list of 100,000 chats in a million against 100 in a thousand',
  unit: '×',
  goal: { atMost: 1.2 },
  how: 'First page over HTTP, read anew each time, 4 at a time: a person with 100,000 chats in a database of a million (10,000 in 100,000 with --quick), against one with 100 in a thousand.',
  control: 'A tenth of the large database, without the index that holds the list in its order.',
  finding: 'Before the walls were spelled as cases (see the guarded unit), the plan was to read and sort all that the person has.',
  async measure(stage) {
    const size = stage.quick ? 10_000 : 100_000
    const [small, large, unindexed] = [await peopled(stage, 100), await peopled(stage, size), await peopled(stage, size / 10)]
    await unindexed.world.superuser.query(`drop index t_${unindexed.login.actor.tenantId.replaceAll('-', '')}.chat_session_own_latest_idx`)
    const turn = async ({ world, login }: { world: World; login: Login }) =>
      (await requester(stage, world))({ path: READ_ANEW, token: login.token })
    return compare(stage.rounds, { base: await turn(small), subject: await turn(large), control: await turn(unindexed) })
  },
}

/** A database in which one person has so many chats, and nine others as many each. */
async function peopled(stage: Stage, count: number) {
  const world = await stage.world()
  const login = await world.signIn('alice')
  stage.say(`making ${count * 10} chats`)
  await addChats(world, login, { count })
  for (let i = 0; i < 9; i++) await addChats(world, await world.addPerson(`person-${i}`), { count })
  await settle(world)
  return { world, login }
}

const keptPage: Row = {
  name: 'first page of the list, kept against read anew',
  unit: '×',
  goal: { atMost: 0.75 },
  how: 'Processor time of the server per list of 50 chats of 2,000 over HTTP, 4 at a time: the page that is kept, against one of 51, which is not.',
  control: 'Another list of 51.',
  finding:
    'Kept as what it holds it was slower than reading it anew, as it had to be parsed by the contract twice; kept as the text that is sent it costs half. The database works as much for either.',
  async measure(stage) {
    const world = await stage.world()
    const alice = await world.signIn('alice')
    const { token } = alice
    await addChats(world, alice, { count: 2_000 })
    await settle(world)
    const server = await world.serve()
    const requests = stage.quick ? 100 : 300
    const turn = (path: string) => async () => {
      const beforeMs = await server.cpuMs()
      await loadMs({ port: server.port, lanes: LANES, requests, path, token })
      return ((await server.cpuMs()) - beforeMs) / requests
    }
    return compare(stage.rounds, { base: turn(READ_ANEW), subject: turn('/api/chats'), control: turn(READ_ANEW) })
  },
}

const openAmongMany: Row = {
  name: 'opening one of 100,000 chats against one of 100',
  unit: '×',
  goal: { atMost: 1.2 },
  how: 'A chat of ten messages, and then these, over HTTP, 4 at a time: of a person who has 100,000 (10,000 with --quick), against of one who has 100.',
  control: 'Three chats of the many.',
  finding: 'Both are read by primary keys.',
  async measure(stage) {
    const counts = { few: 100, many: stage.quick ? 10_000 : 100_000 }
    const opener = async (count: number) => {
      const world = await stage.world()
      const login = await world.signIn('alice')
      stage.say(`making ${count} chats`)
      const [chatId] = await addChats(world, login, { count })
      await addMessages(world, login, { chatId: chatId!, count: 10 })
      await settle(world)
      const turn = await requester(stage, world)
      const [chat, messages] = ['', '/messages'].map((rest) => turn({ path: `/api/chats/${chatId}${rest}`, token: login.token }))
      return (times: number) => async () => {
        let tookMs = 0
        for (let time = 0; time < times; time++) tookMs += (await chat!()) + (await messages!())
        return tookMs
      }
    }
    const [few, many] = [await opener(counts.few), await opener(counts.many)]
    return compare(stage.rounds, { base: few(1), subject: many(1), control: many(3) })
  },
}

/** One row for where a chat opens, one for where somebody scrolls to. */
function longChat(where: 'first page' | 'page in the middle'): Row {
  return {
    name: `${where} of 10,000 messages against ten`,
    unit: '×',
    goal: { atMost: 1.3 },
    how: `Ten messages of a chat over HTTP, 4 at a time: ${where === 'first page' ? 'the latest' : 'those around the 5,000th'} of 10,000, against all of ten.`,
    control: 'A hundred messages of the long chat.',
    finding:
      where === 'first page'
        ? 'The page is read upwards from the end of the path by the primary key, whatever lies behind it.'
        : 'Each message knows one far above it, so that any depth is a few steps by the primary key away. Before, the path was walked upwards from its end, message by message: 3.3 times.',
    async measure(stage) {
      const world = await stage.world()
      const alice = await world.signIn('alice')
      const [long, short] = await addChats(world, alice, { count: 2 })
      await addMessages(world, alice, { chatId: long!, count: 10_000 })
      await addMessages(world, alice, { chatId: short!, count: 10 })
      await settle(world)
      const turn = await requester(stage, world)
      const at = where === 'first page' ? '' : '&at=5000'
      const page = (chatId: string, query: string) => turn({ path: `/api/chats/${chatId}/messages?${query}`, token: alice.token })
      return compare(stage.rounds, {
        base: page(short!, 'limit=10'),
        subject: page(long!, `limit=10${at}`),
        control: page(long!, `limit=100${at}`),
      })
    },
  }
}

/** One row for what is listed, one for what is opened. */
function encryption(of: 'list' | 'open'): Row {
  return {
    name: `encryption on against off: ${of === 'list' ? 'list of chats' : 'opening a chat'}`,
    unit: '×',
    goal: { atMost: 1.25 },
    how: `${of === 'list' ? '51 chats listed, read anew each time,' : '50 messages of a chat read'} over HTTP, 4 at a time: the product, against a server process in which a sealer that leaves text as it is stands in for the product's.`,
    control: 'Everything opened ten times.',
    finding: 'With ready keys (see the list over HTTP).',
    async measure(stage) {
      const world = await stage.world()
      const target = async (person: 'alice' | 'bob') => {
        const login = await world.signIn(person)
        const unsealed = person === 'bob'
        const [chatId] = await addChats(world, login, { count: 200, unsealed })
        await addMessages(world, login, { chatId: chatId!, count: 200, unsealed })
        return { path: of === 'list' ? READ_ANEW : `/api/chats/${chatId}/messages`, token: login.token }
      }
      const [sealed, plain] = [await target('alice'), await target('bob')]
      await settle(world)
      return compare(stage.rounds, {
        base: (await requester(stage, world, { unsealed: true }))(plain),
        subject: (await requester(stage, world))(sealed),
        control: (await requester(stage, world, { openings: 10 }))(sealed),
      })
    },
  }
}

const tenantCreation: Row = {
  name: 'making an organisation',
  unit: 'ms',
  goal: { atMost: 300 },
  how: 'Schema, tables, policies, functions, directory entry and first account, in their one transaction.',
  control: 'With a third of a second of waiting inside the transaction.',
  finding: '',
  async measure(stage) {
    const world = await stage.world()
    const rounds = stage.quick ? 3 : 11
    const { subject, control } = await takeTurns(rounds, {
      subject: () => timeOf(() => found(world, 0)),
      control: () => timeOf(() => found(world, 334)),
    })
    return summary(rounds, { values: subject, controls: control })
  },
}

let founded = 0

async function found({ installation, accounts, ids }: World, waitMs: number): Promise<TenantId> {
  const { keyring, migrator, secrets } = installation
  const id = ids.next<TenantId>()
  const name = `bench-${founded++}`
  await foundOrganisation({ migrator, prefix: secrets.prefix, keyring, onlyFirst: false }, { id, slug: name, name }, async (tx) => {
    await accounts.add(tx, { name, email: `${name}@example.test`, role: 'admin' })
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  })
  return id
}

const manyTenants: Row = {
  name: '2,000 organisations against ten',
  unit: '×',
  goal: { atMost: 1.25 },
  how: 'The chat list of one person over HTTP, 4 at a time, in a database of 2,000 organisations (100 with --quick), against one of ten.',
  control: 'Every title opened ten times.',
  finding: 'The directory is kept in memory, and a connection knows only the schemas it has met.',
  async measure(stage) {
    const count = stage.quick ? 100 : 2_000
    const [few, many] = [await withTenants(stage, 10), await withTenants(stage, count)]
    const list = async ({ world, login }: Tenanted, options = {}) =>
      (await requester(stage, world, options))({ path: READ_ANEW, token: login.token })
    return compare(stage.rounds, { base: await list(few), subject: await list(many), control: await list(many, { openings: 10 }) })
  },
}

type Tenanted = { world: World; login: Login }

async function withTenants(stage: Stage, count: number): Promise<Tenanted> {
  const world = await stage.world()
  const login = await world.signIn('alice')
  await addChats(world, login, { count: 200 })
  await settle(world)
  stage.say(`making ${count} organisations`)
  // The template has two.
  for (let i = 2; i < count; i++) await found(world, 0)
  return { world, login }
}

export const amountRows: readonly Row[] = [
  manyChats,
  keptPage,
  openAmongMany,
  longChat('first page'),
  longChat('page in the middle'),
  encryption('list'),
  encryption('open'),
  tenantCreation,
  manyTenants,
]
