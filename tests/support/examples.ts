/**
 * For every endpoint a request that succeeds for the owner of the things it names. What others get for the same request shows the
 * walls; that the owner's succeeds shows that the refusal was not for a wrong reason. An endpoint without an example fails the tests.
 */
import type { Endpoint } from '#contract/endpoint.ts'
import type {
  ChatId,
  EventId,
  ExportId,
  IdentityId,
  MessageId,
  PasskeyId,
  ProviderId,
  RecoveryId,
  SessionId,
  TenantId,
  UserId,
} from '#contract/ids.ts'
import { ENDPOINTS } from '#contract/index.ts'
import { Authenticator } from './authenticator.ts'
import { PASSWORD, PEOPLE } from './cast.ts'
import { ask, follow } from './conversation.ts'
import type { ModelServer } from './model-server.ts'
import { CLIENT, type ScriptedProvider } from './scripted-provider.ts'
import { chatOf, type SignedIn, type World } from './world.ts'

/** Words that Alice or Carol typed, or a model told them: nobody else's reply may hold one. */
export const CANARIES = {
  title: 'canary-title-9f31',
  question: 'canary-question-4c02',
  answer: 'canary-answer-77de',
  draft: 'canary-draft-2a8e',
  preference: 'canary-preference-e810',
  key: 'canary-key-5b6a',
  token: 'canary-token-2e8f',
  secret: CLIENT.secret,
  /** Seen by everyone of the organisation, by nobody of another. */
  provider: 'canary-provider-c3d4',
} as const

/** What the owners have. Alice owns the chat, Carol (an administrator) the provider and the invitation. */
export interface Things {
  readonly chatId: ChatId
  readonly questionId: MessageId
  readonly generationId: MessageId
  /** An answer that ends in the middle. */
  readonly cutId: MessageId
  readonly providerId: ProviderId
  readonly pendingId: UserId
  /** Alice, who shows a picture. */
  readonly pictured: UserId
  readonly invitationToken: string
  /** Somebody else who was invited; people who joined: one is to be recovered, of two it has begun; and a new address of Alice. */
  readonly cancelledId: UserId
  readonly lostId: UserId
  readonly recoveryId: RecoveryId
  readonly recoveryToken: string
  readonly addressToken: string
  /** Of a letter to Bob, which he asked for. */
  readonly resetToken: string
  /** Another login of Alice, an API token of hers, and an entry of her security log. */
  readonly sessionId: SessionId
  readonly apiTokenId: SessionId
  readonly eventId: EventId
  /** Of Alice where a test has made one, and otherwise of nobody. */
  readonly passkeyId: PasskeyId
  /** An export of Alice's that is ready. */
  readonly exportId: ExportId
  readonly providerUrl: string
  readonly tenantId: TenantId
  /** Where acme’s people may sign in, and Alice’s link to it; of neither there is one where no such provider was given. */
  readonly issuer: string
  readonly identityId: IdentityId
  readonly cursors: { readonly chats: string; readonly messages: string; readonly devices: string; readonly security: string }
}

export interface Request {
  readonly params?: Record<string, string>
  readonly query?: Record<string, string>
  readonly body?: Record<string, unknown>
}

/** A picture of four pixels, PNG. */
export const PIXELS =
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEElEQVQI12PYmioLRAwQCgAkcgTdzeaUSAAAAABJRU5ErkJggg=='

/** Of no chat: places are not looked up, so at this one everyone has a draft of their own. */
const PLACE = '5d0c9a52-3f0e-4b8a-9c41-7f6f1f0f2b1d'

/** As a device would answer a challenge that nobody made: what is secret cannot be the same each time (`freshOf` has one that succeeds). */
const DEVICE = new Authenticator()
const NEW_PASSKEY = DEVICE.create({ challenge: 'none', user: { id: 'none' } })
const USED_PASSKEY = DEVICE.get({ challenge: 'none' })

export const EXAMPLES: Readonly<Record<string, (things: Things) => Request>> = {
  'status.get': () => ({}),
  'setup.run': () => ({
    body: { code: 'AAAA-BBBB-CCCC', organisation: 'Initech', name: 'Peter Gibbons', email: 'peter@initech.test', password: PASSWORD },
  }),
  'auth.sign_in': () => ({ body: { email: 'alice@acme.test', password: PASSWORD, organisation: 'acme', deliver: 'token' } }),
  'auth.passkey_begin': () => ({ body: { organisation: 'acme' } }),
  'auth.passkey': () => ({ body: { passkey: USED_PASSKEY, organisation: 'acme', deliver: 'token' } }),
  'auth.second_factor_begin': () => ({ body: { ticket: 'none' } }),
  'auth.second_factor': () => ({ body: { ticket: 'none', code: '123456', deliver: 'token' } }),
  'auth.sign_out': () => ({}),
  'auth.refresh': () => ({}),
  'auth.why_ended': () => ({}),
  'session.get': () => ({}),
  'session.extend': () => ({}),
  'session.prove': () => ({ body: { password: PASSWORD } }),
  'session.prove_begin': () => ({}),
  'factors.get': () => ({}),
  'passkeys.begin': () => ({}),
  'passkeys.add': () => ({ body: { name: 'Phone', passkey: NEW_PASSKEY } }),
  'passkeys.rename': ({ passkeyId }) => ({ params: { passkeyId }, body: { name: 'Blue key' } }),
  'passkeys.remove': ({ passkeyId }) => ({ params: { passkeyId } }),
  'authenticator_app.begin': () => ({}),
  'authenticator_app.confirm': () => ({ body: { code: '123456' } }),
  'authenticator_app.remove': () => ({}),
  'recovery_codes.make': () => ({}),
  'events.follow': () => ({}),
  'devices.list': () => ({ query: { limit: '100' } }),
  'devices.end': ({ sessionId }) => ({ params: { sessionId } }),
  'devices.end_others': () => ({}),
  'devices.not_me': () => ({}),
  'security.list': () => ({ query: { limit: '100' } }),
  'security.read': ({ eventId }) => ({ params: { eventId } }),
  'tokens.list': () => ({}),
  'tokens.create': () => ({ body: { name: 'Another', abilities: ['read'], days: 1 } }),
  'tokens.revoke': ({ apiTokenId }) => ({ params: { sessionId: apiTokenId } }),
  'exports.create': () => ({}),
  'exports.list': () => ({}),
  'exports.download': ({ exportId }) => ({ params: { exportId } }),
  'exports.remove': ({ exportId }) => ({ params: { exportId } }),
  'deletion.ask': () => ({ body: { email: PEOPLE.alice.email } }),
  'deletion.undo': () => ({}),
  'erasures.list': () => ({ query: { limit: '100' } }),
  'sessions.list': () => ({ query: { limit: '100', kind: 'login' } }),
  'sessions.count': () => ({ query: { device: 'no such device' } }),
  'sessions.end': () => ({ body: { filter: { device: 'no such device' }, expected: 0 } }),
  'login_policy.get': () => ({}),
  'login_policy.set': () => ({ body: { preset: 'everyday' } }),
  'password.get': () => ({}),
  'password.change': () => ({ body: { current: PASSWORD, next: PASSWORD } }),
  'password.rules': ({ invitationToken }) => ({ body: { kind: 'invitation', token: invitationToken } }),
  'auth.reset': () => ({ body: { email: 'trent@globex.test', organisation: 'globex' } }),
  'auth.finish_reset': ({ resetToken }) => ({ body: { token: resetToken, password: PASSWORD, deliver: 'token' } }),
  'me.get': () => ({}),
  'me.set_preferences': () => ({ body: { theme: 'dark' } }),
  'me.change': () => ({ body: { name: 'Alice M. Moreau' } }),
  'me.set_picture': () => ({ body: { picture: PIXELS } }),
  'me.remove_picture': () => ({}),
  'members.list': () => ({ query: { limit: '100' } }),
  'members.picture': ({ pictured }) => ({ params: { userId: pictured } }),
  'members.add': () => ({ body: { name: 'Dave Novak', email: 'dave@acme.test', role: 'user' } }),
  'members.invite_again': ({ pendingId }) => ({ params: { userId: pendingId } }),
  'members.get': ({ pendingId }) => ({ params: { userId: pendingId } }),
  'members.change_role': ({ pendingId }) => ({ params: { userId: pendingId }, body: { role: 'admin' } }),
  'members.suspend': ({ pendingId }) => ({ params: { userId: pendingId } }),
  'members.reinstate': ({ pendingId }) => ({ params: { userId: pendingId } }),
  'members.invite': () => ({ body: { people: [{ name: 'Frank Weiss', email: 'frank@acme.test' }] } }),
  'members.known': () => ({ body: { emails: ['frank@acme.test'] } }),
  'invitations.list': () => ({ query: { limit: '100' } }),
  'invitations.cancel': ({ cancelledId }) => ({ params: { userId: cancelledId } }),
  'recoveries.start': ({ lostId }) => ({ params: { userId: lostId }, body: { lost: 'password' } }),
  'recoveries.list': () => ({}),
  'recoveries.decide': ({ recoveryId }) => ({ params: { recoveryId }, body: { approve: false } }),
  'recovery.own': () => ({}),
  'recovery.stop': () => ({}),
  'recovery.use': ({ recoveryToken }) => ({ body: { token: recoveryToken, password: PASSWORD, deliver: 'token' } }),
  'address.ask': () => ({ body: { email: 'alice.moreau@acme.test' } }),
  'address.pending': () => ({}),
  'address.withdraw': () => ({}),
  'address.asked': ({ addressToken }) => ({ body: { token: addressToken } }),
  'address.confirm': ({ addressToken }) => ({ body: { token: addressToken } }),
  'directory.get': () => ({}),
  'directory.set': () => ({ body: { shows: 'everyone' } }),
  'invitation.accept': ({ invitationToken }) => ({ body: { token: invitationToken, password: PASSWORD, deliver: 'token' } }),
  'chats.list': () => ({ query: { limit: '100' } }),
  'chats.create': () => ({ body: { description: 'Another chat' } }),
  'chats.get': ({ chatId }) => ({ params: { chatId } }),
  'chats.change': ({ chatId }) => ({ params: { chatId }, body: { description: 'Renamed' } }),
  'chats.delete': ({ chatId }) => ({ params: { chatId } }),
  'chats.restore': ({ chatId }) => ({ params: { chatId } }),
  'chats.change_many': ({ chatId }) => ({ body: { act: 'pin', chatIds: [chatId] } }),
  'chats.erase': ({ chatId }) => ({ params: { chatId } }),
  'chats.empty_trash': () => ({}),
  'chats.keep': ({ chatId }) => ({ params: { chatId } }),
  'chats.find': ({ chatId }) => ({ query: { words: CANARIES.title, chatId } }),
  'feedback.give': ({ chatId, generationId }) => ({
    params: { chatId, messageId: generationId },
    body: { rating: 'down', note: 'Too long' },
  }),
  'feedback.remove': ({ chatId, generationId }) => ({ params: { chatId, messageId: generationId } }),
  'chats.use': ({ chatId }) => ({ params: { chatId } }),
  'chats.used': ({ chatId }) => ({ query: { chatIds: chatId } }),
  'messages.list': ({ chatId }) => ({ params: { chatId }, query: { limit: '100' } }),
  'branches.show': ({ chatId, questionId }) => ({ params: { chatId }, body: { messageId: questionId } }),
  'chats.fork': ({ chatId, generationId }) => ({
    params: { chatId },
    body: { messageId: generationId, idempotencyKey: '5f2f8a0e-7f0c-4b3c-9a41-6f1f3c1d7b90' },
  }),
  'messages.send': ({ chatId, generationId }) => ({
    params: { chatId },
    body: { text: 'And then?', parentId: generationId, model: 'librarian', idempotencyKey: 'b7f1a3f0-5a53-4b65-8f5e-0d5b6c1d2e3f' },
  }),
  'generations.start': ({ chatId, questionId }) => ({ params: { chatId }, body: { questionId, model: 'librarian' } }),
  'generations.follow': ({ chatId, generationId }) => ({ params: { chatId, generationId } }),
  'generations.continue': ({ chatId, cutId }) => ({ params: { chatId, generationId: cutId } }),
  'generations.stop': ({ chatId, generationId }) => ({ params: { chatId, generationId } }),
  'sharing.get': ({ chatId }) => ({ params: { chatId } }),
  'sharing.add': ({ chatId, lostId }) => ({ params: { chatId }, body: { userIds: [lostId], quoted: [] } }),
  'sharing.remove': ({ chatId, lostId }) => ({ params: { chatId, userId: lostId } }),
  'sharing.leave': ({ chatId }) => ({ body: { chatIds: [chatId] } }),
  'sharing.end': ({ chatId }) => ({ params: { chatId } }),
  'drafts.list': () => ({}),
  'drafts.keep': () => ({ params: { place: PLACE }, body: { text: 'And what if' } }),
  'drafts.forget': () => ({ params: { place: PLACE } }),
  'models.list': () => ({}),
  'providers.list': () => ({}),
  'providers.add': ({ providerUrl }) => ({ body: { name: 'Second', baseUrl: providerUrl, models: ['echo'] } }),
  'providers.change': ({ providerId }) => ({ params: { providerId }, body: { models: ['echo', 'slow'] } }),
  'providers.remove': ({ providerId }) => ({ params: { providerId } }),
  'providers.test': ({ providerId, providerUrl }) => ({ body: { providerId, baseUrl: providerUrl } }),
  'handbook.get': () => ({}),
  'privacy.get': () => ({}),
  'privacy.set_contact': () => ({ body: { contact: { name: 'Carol Lindqvist', email: 'carol@acme.test' } } }),
  'sign_in_provider.get': () => ({}),
  'sign_in_provider.set': ({ issuer }) => ({ body: signInProvider(issuer) }),
  'sign_in_provider.test': ({ issuer }) => ({ body: { issuer, clientId: CLIENT.id, clientSecret: CLIENT.secret } }),
  'sign_in_provider.try': () => ({}),
  'auth.oidc_offer': () => ({ body: { organisation: 'acme' } }),
  'auth.oidc_start': () => ({ body: { organisation: 'acme' } }),
  'auth.oidc_callback': ({ tenantId }) => ({ params: { tenantId }, query: { code: 'x', state: 'y' } }),
  'auth.oidc_finish': () => ({}),
  'auth.oidc_logout': ({ tenantId }) => ({ params: { tenantId }, body: { logout_token: 'x' } }),
  'identities.list': () => ({}),
  'identities.link': () => ({ body: {} }),
  'identities.unlink': ({ identityId }) => ({ params: { identityId } }),
  'session.prove_by_provider': () => ({ body: {} }),
}

/** A sign-in provider of an organisation, switched on. It counts as two factors, so that it proves those who have one here. */
const signInProvider = (issuer: string) => ({
  name: 'Keyhouse',
  issuer,
  clientId: CLIENT.id,
  clientSecret: CLIENT.secret,
  domains: [],
  justInTime: false,
  trustsAddresses: false,
  twoFactors: true,
  on: true,
})

/** Has an administrator set one up; the caller's people are linked to it by `linkTo`. */
export async function setUpProvider(admin: SignedIn, { issuer }: ScriptedProvider): Promise<void> {
  await admin.call('POST', '/api/sign-in-provider', signInProvider(issuer))
}

/** Links a person to one of this subject there, and gives the link's id. */
export async function linkTo(person: SignedIn, provider: ScriptedProvider, sub: string): Promise<IdentityId> {
  const begun = await person.call<{ address: string }>('POST', '/api/me/identities', {})
  const cookie = String(begun.headers['set-cookie']).split(';')[0] ?? ''
  const { pathname, search } = provider.signIn(begun.body.address, { sub })
  await person.call('GET', `${pathname}${search}`, undefined, { cookie })
  await person.call('POST', '/api/auth/oidc/finish', undefined, { cookie, 'sec-fetch-site': 'same-origin' })
  const { items } = (await person.call<{ items: { id: IdentityId }[] }>('GET', '/api/me/identities')).body
  return items[0]!.id
}

/** What is sent to an endpoint: JSON, or a form where it takes one. */
export function encoded(endpoint: Pick<Endpoint, 'form'>, body: unknown): { body?: unknown; headers: Record<string, string> } {
  if (!endpoint.form || typeof body !== 'object') return { body, headers: {} }
  const fields = Object.entries(body ?? {}).map(([name, value]) => [name, String(value)])
  return { body: new URLSearchParams(fields).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }
}

/** Streams without an end of their own, which a call would wait for. */
export const ENDLESS: readonly string[] = ['events.follow']

/** They end what the others need, or shorten it. */
const LAST = [
  'identities.unlink',
  'sign_in_provider.set',
  'passkeys.remove',
  'tokens.revoke',
  'me.remove_picture',
  'devices.end',
  'devices.end_others',
  'devices.not_me',
  'deletion.ask',
  'deletion.undo',
  'login_policy.set',
  'address.confirm',
  'address.ask',
  'exports.remove',
  'chats.delete',
  'chats.erase',
  'chats.empty_trash',
  'providers.remove',
  'invitation.accept',
  'auth.finish_reset',
  'password.change',
  'auth.sign_out',
]

/** All endpoints, in an order in which each of them can succeed. */
export const IN_ORDER: readonly Endpoint[] = ENDPOINTS.toSorted((a, b) => LAST.indexOf(a.id) - LAST.indexOf(b.id))

/** Makes the things, with a canary in everything that is typed; `again` is another login of Alice. */
export async function makeThings(
  owners: { alice: SignedIn; carol: SignedIn; models: ModelServer; again: SignedIn; provider?: ScriptedProvider } & Pick<
    World,
    'mail' | 'call' | 'sql' | 'queue'
  >,
): Promise<Things> {
  const { alice, carol, models, mail, provider, queue } = owners
  const made = await carol.call<{ id: ProviderId }>('POST', '/api/providers', {
    name: CANARIES.provider,
    baseUrl: models.url,
    apiKey: CANARIES.key,
    models: ['echo', 'slow'],
  })
  const providerId = made.body.id
  const invited = await carol.call<{ member: { id: UserId } }>('POST', '/api/members', {
    name: 'Erin Vogel',
    email: 'erin@acme.test',
  })
  await alice.call('PATCH', '/api/me/preferences', { model: CANARIES.preference })
  await alice.call('POST', '/api/me/picture', { picture: PIXELS })
  models.script({ text: `${CANARIES.answer} is the word.` })
  const first = await chatOf(alice, { description: CANARIES.title, question: `What is ${CANARIES.question}?`, model: `${providerId}:echo` })
  models.script('out-of-tokens')
  const cut = await ask(alice, first.chatId, { text: `More of ${CANARIES.question}?`, parentId: first.answerId })
  await follow(alice, cut)
  await alice.call('PATCH', `/api/drafts/${PLACE}`, { text: `What if ${CANARIES.draft}` })
  await chatOf(alice, { description: `${CANARIES.title} two`, question: `Once more ${CANARIES.question}`, model: `${providerId}:echo` })
  const next = async (path: string) => (await alice.call<{ next: string }>('GET', `${path}?limit=1`)).body.next
  const apiToken = await alice.call<{ apiToken: { id: SessionId } }>('POST', '/api/me/tokens', {
    name: CANARIES.token,
    abilities: ['chat'],
    days: 30,
  })
  await alice.call('POST', '/api/auth/reset', { email: 'bob@acme.test', organisation: 'acme' })
  await until(async () => (await mail.to('bob@acme.test')).length > 0)
  const events = await alice.call<{ items: { id: EventId }[] }>('GET', '/api/me/security-events')
  const begun = await alice.call<{ id: ExportId }>('POST', '/api/me/exports')
  await queue.work()
  if (provider) await setUpProvider(carol, provider)
  const identityId = provider && (await linkTo(alice, provider, 'alice-there'))
  return {
    exportId: begun.body.id,
    ...(await makeLooked(owners)),
    tenantId: carol.me.organisation.id,
    issuer: provider?.issuer ?? 'https://keyhouse.test',
    identityId: identityId ?? (crypto.randomUUID() as IdentityId),
    sessionId: owners.again.me.session.id,
    apiTokenId: apiToken.body.apiToken.id,
    eventId: events.body.items[0]!.id,
    passkeyId: crypto.randomUUID() as PasskeyId,
    chatId: first.chatId,
    questionId: first.questionId,
    generationId: first.answerId,
    cutId: cut.answerId,
    providerId,
    pictured: alice.me.user.id,
    pendingId: invited.body.member.id,
    resetToken: (await mail.last('bob@acme.test')).token,
    invitationToken: (await mail.last('erin@acme.test')).token,
    providerUrl: models.url,
    cursors: {
      chats: await next('/api/chats'),
      messages: await next(`/api/chats/${first.chatId}/messages`),
      devices: await next('/api/me/sessions'),
      security: await next('/api/me/security-events'),
    },
  }
}

/** What administrators look after, and a change of Alice's address that began a while ago. */
async function makeLooked({ alice, carol, mail, call, sql }: Omit<Parameters<typeof makeThings>[0], 'models' | 'again'>) {
  const invite = async (email: string) => {
    const made = await carol.call<{ member: { id: UserId } }>('POST', '/api/members', { name: 'Grace Hall', email })
    return made.body.member.id
  }
  const joined = async (email: string) => {
    const id = await invite(email)
    await call('POST', '/api/invitations/accept', { body: { token: (await mail.last(email)).token, password: PASSWORD } })
    return id
  }
  const recover = async (id: UserId, lost: string) =>
    (await carol.call<{ recovery: { id: RecoveryId } }>('POST', `/api/members/${id}/recovery`, { lost })).body.recovery.id
  const recoveryId = await recover(await joined('ivan@acme.test'), 'password_and_factors')
  await recover(await joined('heidi@acme.test'), 'password')
  await alice.call('POST', '/api/me/address', { email: 'alice@moreau.test' })
  await sql(
    `update t_${alice.me.organisation.id.replaceAll('-', '')}.link set time_created = now() - interval '1 hour' where kind = 'address'`,
  )
  return {
    cancelledId: await invite('judy@acme.test'),
    lostId: await joined('grace@acme.test'),
    recoveryId,
    recoveryToken: (await mail.last('heidi@acme.test')).token,
    addressToken: (await mail.last('alice@moreau.test')).token,
  }
}

/** Waits for what comes after a reply. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** The address of an endpoint with its parameters filled in. */
export function urlOf(endpoint: Pick<Endpoint, 'path'>, { params = {}, query = {} }: Request): string {
  const path = endpoint.path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? '')
  const search = new URLSearchParams(query).toString()
  return search === '' ? path : `${path}?${search}`
}

/** The example of an endpoint; throws when there is none. */
export function exampleOf(endpoint: Endpoint, things: Things): Request {
  const example = EXAMPLES[endpoint.id]
  if (!example) throw new Error(`tests/support/examples.ts has no example for ${endpoint.id}`)
  return example(things)
}

/** Every row of every table that holds one of these words, in order. Seen-times are left out: they move with every request of their owner. */
export async function rowsNaming(world: World, words: readonly string[]): Promise<string> {
  const tables = await world.sql<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where (schemaname like 't\\_%' or schemaname = 'control') and tablename <> 'auth_session_seen'`,
  )
  const all = tables.rows.map(({ name }) => `select '${name} ' || to_jsonb(t)::text as row from ${name} t`).join(' union all ')
  const { rows } = await world.sql<{ row: string }>(`select row from (${all}) every where row like any($1) order by row`, [
    words.map((word) => `%${word}%`),
  ])
  return rows.map(({ row }) => row).join('\n')
}
