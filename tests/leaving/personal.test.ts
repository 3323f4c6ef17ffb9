/** Every table that says whose a row is, is exported and erased, or a reason stands why not. A new one fails here until it is thought of. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportersOf, NOT_EXPORTED } from '#server/exporters.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { createWorld, type World } from '#tests/support/world.ts'

/** What is left of a person on purpose. */
const NOT_ERASED = ['erasure']

let world: World
let tables: { name: string; erased: boolean; granted: boolean; cascades: boolean }[]
beforeAll(async () => {
  world = await createWorld()
  const schema = schemaName((await world.signIn('alice')).me.organisation.id)
  const worker = `${world.installation.secrets.prefix}_worker`
  const { rows } = await world.sql<(typeof tables)[number]>(
    `select c.relname as name,
            exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'erased') as erased,
            has_table_privilege('${worker}', c.oid, 'DELETE') as granted,
            exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.confdeltype = 'c') as cascades
       from pg_class c
      where c.relnamespace = '${schema}'::regnamespace and c.relkind in ('r', 'p')
        and (c.relname in ('user', 'scope')
          or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname in ('user_id', 'scope_id') and not a.attisdropped))
      order by 1`,
  )
  tables = rows
})
afterAll(() => world.close())

test('all are found', () => {
  const names = tables.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['auth_session', 'chat_message', 'credential', 'draft', 'export_part', 'scope_key', 'user']))
})

test('each is in the export, or a reason is given', () => {
  const exported = exportersOf({} as Parameters<typeof exportersOf>[0]).flatMap((exporter) => exporter.tables as string[])
  const explained = Object.keys(NOT_EXPORTED)
  expect(tables.map(({ name }) => name).filter((name) => !exported.includes(name) && !explained.includes(name))).toEqual([])
  expect(exported.filter((name) => explained.includes(name))).toEqual([])
  expect([...exported, ...explained].filter((name) => !tables.some((table) => table.name === name))).toEqual([])
})

test('each is erased: by a policy and a grant of its own, or with the row that it hangs on', () => {
  const left = tables.filter(
    ({ name, erased, granted, cascades }) => !(erased && granted) && !(cascades && !erased) && !NOT_ERASED.includes(name),
  )
  expect(left.map(({ name }) => name)).toEqual([])
})
