/** Keys that a server is told to forget: what is destroyed is not kept by whoever read it just then, and who lies about it gains one look. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf } from './attack.ts'

let world: World
let alice: SignedIn
let keys: ScopeKeys
let flown: { mock: { calls: unknown[][] }; mockRestore(): void }
beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
})
beforeEach(() => {
  keys = new ScopeKeys(world.installation.keyring)
  flown = vi.spyOn(world.database, 'fly')
  return () => flown.mockRestore()
})
afterAll(() => world.close())

const scopeId = () => alice.me.personalScopeId
const use = () => new UnitsOfWork(world.database).read(actorOf(alice), (tx) => keys.ofScope(tx, scopeId(), 'chat_session'))
const forget = () => keys.forget(alice.me.organisation.id, scopeId())
/** How often the database was asked for a key. */
const looks = () => flown.mock.calls.filter((call) => JSON.stringify(call).includes('scope_key')).length

test('a key that is forgotten is read once more, and kept again where it is still there', async () => {
  await use()
  await use()
  expect(looks()).toBe(1)
  forget()
  await use()
  await use()
  expect(looks()).toBe(2)
})

test('one that is forgotten while it is being read is not kept', async () => {
  const reading = use()
  forget()
  await reading
  await use()
  expect(looks()).toBe(2)
})
