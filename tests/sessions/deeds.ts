/** What people, programs, thieves and administrators do: each deed is a request, and an explanation of its reply by the model. */
import type { Ability } from '#contract/endpoint.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import * as model from './model.ts'
import type { Client, Deed, Explanation, Play } from './play.ts'
import type { Caller, Reply, Which } from './stage.ts'

interface Act {
  readonly method: string
  readonly path: string
  readonly body?: object
  readonly status: number
  /** The abilities of which an API token needs one. */
  readonly abilities: readonly Ability[]
  readonly isActivity: boolean
  /** Whether its reply sees to tokens by itself, and replaces none. */
  readonly isDoor?: true
  readonly forAdmins?: true
}

const ANY: readonly Ability[] = ['read', 'chat', 'admin']
export const ACTS = {
  read: { method: 'GET', path: '/api/me', status: 200, abilities: ANY, isActivity: true },
  chat: { method: 'POST', path: '/api/chats', body: {}, status: 201, abilities: ['chat'], isActivity: true },
  manage: { method: 'GET', path: '/api/sessions/count', status: 200, abilities: ['admin'], isActivity: true, forAdmins: true },
  extend: { method: 'POST', path: '/api/session/extend', status: 200, abilities: [], isActivity: true, isDoor: true },
  look: { method: 'GET', path: '/api/session', status: 200, abilities: ANY, isActivity: false },
  prefer: {
    method: 'PATCH',
    path: '/api/me/preferences',
    body: { theme: 'dark' },
    status: 200,
    abilities: [],
    isActivity: true,
    isDoor: true,
  },
} as const satisfies Record<string, Act>
export type ActName = keyof typeof ACTS

const codeOf = ({ status, body }: Reply) => `${status} ${(body as { code?: string } | undefined)?.code ?? ''}`.trim()
const otherThan = (wanted: string, got: string) => (got === wanted ? undefined : `${got} instead of ${wanted}`)
const sessionOf = (state: model.State, token: string) => state.sessions[state.tokens[token]!.sessionId]!

interface Entering {
  readonly token: string
  readonly reply: Reply
  /** Of success. */
  readonly status: number
  /** Why somebody who is in is refused all the same. */
  readonly refusal?: (state: model.State) => string | undefined
  readonly isActivity?: boolean
  /** What success leads to. */
  readonly success?: Explanation
}

/** Who is out is refused, who uses a copy of a replaced token ends the login, and who is in gets what they asked for or hears why not. */
function entering({ token, reply, status, refusal, isActivity = true, success }: Entering): Explanation {
  return (state) => {
    const session = sessionOf(state, token)
    const standing = model.standingOf(state, token)
    if (standing !== 'in') return (standing === 'replaced' ? suspected(session) : undefined) ?? otherThan(OUT, codeOf(reply))
    model.use(state, token)
    const refused = refusal?.(state)
    const complaint = otherThan(refused ?? String(status), codeOf(reply))
    if (complaint ?? refused) return complaint
    if (isActivity) session.activeMs = state.nowMs
    return success?.(state)
  }
}

const OUT = '401 auth.required'

/** A copy of a replaced token was used; never by the client that has the login, unless somebody else has used one of its tokens. */
function suspected(session: model.Session): string | undefined {
  if (session.isHonest) return 'its own client is taken for a thief'
  session.ended = 'theft'
  return undefined
}

/** Which client of the play, which server they call, and what becomes of the reply. */
export interface Of {
  readonly client: number
  readonly server: Which
  readonly reply: 'comes' | 'is lost' | 'is late'
}

/** A deed of a client who has a token. */
function byClient(
  of: Of,
  what: string,
  send: (play: Play, client: Client & { token: string }, isAlone: boolean) => Promise<Explanation>,
): Deed {
  return {
    name: `${what} by ${of.client} at ${of.server}, reply ${of.reply}`,
    mayBe: (play) => play.clients[of.client]!.token !== null,
    send: (play, isAlone) => send(play, play.clients[of.client] as Client & { token: string }, isAlone),
  }
}

/** The same, or signing in while the client is out. */
export function orSignIn(of: Of, deed: Deed): Deed {
  const instead = signIn({ ...of, reply: 'comes' }, false)
  const isOut = (play: Play) => play.clients[of.client]!.token === null
  return {
    name: deed.name,
    mayBe: (play) => isOut(play) || deed.mayBe(play),
    send: (play, isAlone) => (isOut(play) ? instead : deed).send(play, isAlone),
  }
}

/** A client keeps the token that a reply gives, when it comes. */
function keep(client: Client, { reply }: Of, given: string | null | undefined): void {
  if (given === undefined || reply === 'is lost') return
  if (reply === 'comes') client.token = given
  else client.late = given
}

/** Calls as a client, who keeps what the reply gives, and forgets what is refused, when it comes. */
async function call(play: Play, client: Client, { of, ...asked }: { of: Of; method: string; path: string; body?: object }): Promise<Reply> {
  const caller = { server: of.server, via: client.via, token: client.token }
  const reply = await play.stage.call(caller, asked.method, asked.path, asked.body)
  keep(client, of, codeOf(reply) === OUT ? null : reply.given)
  return reply
}

/** A request with the client's own token. */
export const request = (of: Of, name: ActName) =>
  byClient(of, name, async (play, client, isAlone) => {
    const { token, via } = client
    return answered(play, { reply: await call(play, client, { of, ...ACTS[name] }), token, via, server: of.server, name, isAlone })
  })

/**
 * A reply comes at last, after others, and the browser goes on with the token that it gives. One that was used in the meantime has come by
 * another reply as well: that one is taken for a copy, if this comes later than its grace (decision 13).
 */
export const comesLate = (of: Of, name: ActName): Deed => ({
  name: `late reply to ${of.client}, then ${name} at ${of.server}`,
  mayBe: ({ clients, state }) => {
    const { late, token } = clients[of.client]!
    return late !== null && late !== token && !state.tokens[late]!.isUsed
  },
  send(play, isAlone) {
    const client = play.clients[of.client]!
    client.token = client.late
    client.late = null
    return request(of, name).send(play, isAlone)
  },
})

/** A request by somebody who has found, stolen or kept a token of a login that goes on, counted from the latest. */
export function stolen(of: { token: number; server: Which; via: Caller['via'] }, name: ActName): Deed {
  const tokens = ({ state }: Play) =>
    Object.keys(state.tokens)
      .filter((token) => !sessionOf(state, token).abilities && model.standingOf(state, token) !== 'out')
      .reverse()
  return {
    name: `${name} with token ${of.token} in the ${of.via} at ${of.server}`,
    mayBe: (play) => tokens(play).length > 0,
    async send(play, isAlone) {
      const token = tokens(play)[of.token % tokens(play).length]!
      const explain = await requested(play, { ...of, token, name, isAlone })
      return (state) => {
        sessionOf(state, token).isHonest = false
        return explain(state)
      }
    },
  }
}

/** A program uses one of the API tokens that there are. */
export function program(of: { token: number; server: Which }, name: ActName): Deed {
  const tokens = ({ state }: Play) => Object.keys(state.tokens).filter((token) => sessionOf(state, token).abilities)
  return {
    name: `${name} by API token ${of.token} at ${of.server}`,
    mayBe: (play) => tokens(play).length > 0,
    send: (play, isAlone) =>
      requested(play, { server: of.server, token: tokens(play)[of.token % tokens(play).length]!, via: 'header', name, isAlone }),
  }
}

interface Requested extends Caller {
  readonly token: string
  readonly name: ActName
  readonly isAlone: boolean
}

async function requested(play: Play, of: Requested): Promise<Explanation> {
  const { method, path, body }: Act = ACTS[of.name]
  return answered(play, { ...of, reply: await play.stage.call(of, method, path, body) })
}

function answered({ skewMs }: Play, { reply, token, via, server, name, isAlone }: Requested & { reply: Reply }): Explanation {
  const act: Act = ACTS[name]
  return entering({
    token,
    reply,
    status: act.status,
    refusal: (state) => refusalOf(act, state, token),
    isActivity: act.isActivity,
    success: (state) =>
      (via === 'cookie' && !act.isDoor
        ? replaced(state, { token, given: reply.given ?? undefined, skewMs: skewMs[server], isAlone, isActivity: act.isActivity })
        : undefined) ?? untrue(reply, state, { name, token }),
  })
}

function refusalOf(act: Act, state: model.State, token: string): string | undefined {
  const { abilities, userId } = sessionOf(state, token)
  if (abilities && !act.abilities.some((ability) => abilities.includes(ability))) return '403 token.not_enough'
  return act.forAdmins && userId !== state.adminId ? '403 auth.not_allowed' : undefined
}

/** What a reply says of the login, and of how many there are. */
function untrue({ body }: Reply, state: model.State, { name, token }: { name: ActName; token: string }): string | undefined {
  const said = body as { proven: boolean; sessions: number }
  if (name === 'look' && said.proven !== model.isProven(state, token)) return `proven is ${said.proven}`
  const there = model.liveOf(state, { not: state.tokens[token]!.sessionId }).length
  return name === 'manage' && said.sessions !== there ? `${said.sessions} logins instead of ${there}` : undefined
}

interface Replaced {
  readonly token: string
  readonly given: string | undefined
  readonly skewMs: number
  readonly isAlone: boolean
  readonly isActivity?: boolean
}

/** A reply gives the successor of a token that is old or was overtaken, the one and only, or none where there is none to give. */
function replaced(state: model.State, { token, given, skewMs, isAlone, isActivity = true }: Replaced): string | undefined {
  const successor = model.successorOf(state, token)
  const isDue = model.isOvertaken(state, token) || (isActivity && model.isOld(state, token, skewMs))
  if (given === undefined) return isDue && isAlone && successor !== 'none' ? 'a token is not replaced that is due' : undefined
  if (isDue === false) return 'a young token is replaced'
  if (successor === 'none') return 'a successor is given that is another’s'
  if (successor === 'new' ? state.tokens[given] : successor.given !== given) return 'another successor is given than before'
  model.succeed(state, token, given)
  return undefined
}

/** A program asks for the successor of its token, or a browser does. */
export const refresh = (of: Of) =>
  byClient(of, 'refresh', async (play, client, isAlone) => {
    const { token } = client
    const reply = withToken(await call(play, client, { of, method: 'POST', path: '/api/auth/refresh' }))
    const given = reply.given === token ? undefined : (reply.given ?? undefined)
    keep(client, of, given)
    const skewMs = play.skewMs[of.server]
    const isTaken = (state: model.State) =>
      model.successorOf(state, token) === 'none' &&
      (model.isOvertaken(state, token) || (model.isOld(state, token, skewMs) ?? reply.status === 409))
    return entering({
      token,
      reply,
      status: 200,
      refusal: (state) => (isTaken(state) ? '409 auth.token_replaced' : undefined),
      success: (state) => replaced(state, { token, given, skewMs, isAlone }),
    })
  })

/** A reply that gives its token in its body, where it gives none in a cookie. */
function withToken(reply: Reply): Reply {
  return { ...reply, given: reply.given ?? (reply.body as { token?: string | null }).token ?? undefined }
}

/** Signs in, in place of the login that a browser had. */
export function signIn(of: Of, remember: boolean): Deed {
  return {
    name: `sign in ${of.client} at ${of.server}${remember ? ', to be remembered' : ''}, reply ${of.reply}`,
    mayBe: () => true,
    async send(play) {
      const client = play.clients[of.client]!
      const userId = play.userIds[client.person]
      const earlier = client.via === 'cookie' ? client.token : null
      const deliver = client.via === 'cookie' ? 'cookie' : 'token'
      const body = { email: PEOPLE[client.person].email, password: PASSWORD, organisation: 'acme', remember, deliver }
      const reply = withToken(await play.stage.call({ ...client, server: of.server, token: earlier }, 'POST', '/api/auth/sign-in', body))
      keep(client, of, reply.given ?? undefined)
      return (state) => {
        const complaint = otherThan(state.isSuspended[userId] ? '401 auth.wrong_credentials' : '200', codeOf(reply))
        if (complaint || !reply.given) return complaint
        return (earlier === null ? undefined : displacing(state, earlier)) ?? beginning(state, reply, { userId, asked: remember })
      }
    },
  }
}

/** A login begins, and lasts as the rules say. */
function beginning(state: model.State, { given, body }: Reply, of: { userId: string; asked: boolean }): string | undefined {
  const { id, expiresAt, remembered } = (body as { me: { session: { id: string; expiresAt: string; remembered: boolean } } }).me.session
  const begun = model.begin(state, { ...of, id }, given!)
  const isAsPromised = Math.abs(Date.parse(expiresAt) - begun.endsMs) < 1_000 && remembered === begun.remembered
  return isAsPromised ? undefined : 'it lasts otherwise than the rules say'
}

/** The login that a browser had ends when it signs in anew; as a theft, where its token was a copy. */
function displacing(state: model.State, earlier: string): string | undefined {
  if (model.standingOf(state, earlier) === 'replaced') return suspected(sessionOf(state, earlier))
  endAll(model.liveOf(state, { id: state.tokens[earlier]!.sessionId }), 'replaced')
  return undefined
}

/** Proves again who one is: the reply gives a token of its own. */
export const prove = (of: Of, isRight: boolean) =>
  byClient(of, isRight ? 'prove' : 'guess', async (play, client) => {
    const { token } = client
    const body = { password: isRight ? PASSWORD : 'wrong' }
    const { given, ...reply } = withToken(await call(play, client, { of, method: 'POST', path: '/api/session/prove', body }))
    keep(client, of, given ?? undefined)
    return entering({
      token,
      reply: { ...reply, given },
      status: 200,
      refusal: () => (isRight ? undefined : '403 auth.wrong_password'),
      success(state) {
        if (!given || state.tokens[given]) return 'a proof gives a token that others may have, or none'
        model.prove(state, token, given)
        return undefined
      },
    })
  })

/** Makes an API token, which needs a fresh proof. */
export const makeToken = (of: Of, abilities: readonly Ability[]) =>
  byClient(of, `token for ${abilities.join(' and ')} made`, async (play, client, isAlone) => {
    const { token, via } = client
    const body = { name: 'Nightly', abilities, days: 20 }
    const reply = await call(play, client, { of, method: 'POST', path: '/api/me/tokens', body })
    return entering({
      token,
      reply,
      status: 201,
      refusal: (state) => (model.isProven(state, token) ? undefined : '401 auth.proof_needed'),
      success(state) {
        const made = reply.body as { token: string; apiToken: { id: string } }
        const { userId } = sessionOf(state, token)
        const given = reply.given ?? undefined
        const complaint = via === 'cookie' ? replaced(state, { token, given, skewMs: play.skewMs[of.server], isAlone }) : undefined
        model.beginApi(state, { id: made.apiToken.id, userId, abilities, days: body.days }, made.token)
        return complaint
      },
    })
  })

interface EndWay {
  readonly reason: NonNullable<model.Session['ended']>
  readonly request: (of: { target: string; expected: number }) => { method: string; path: string; body?: object }
  readonly status: number
  /** Which sessions it finds. */
  readonly found: (of: { sessionId: string; userId: string; target: string }) => Parameters<typeof model.liveOf>[1]
  /** What is said where it finds none. */
  readonly none?: string
  readonly forAdmins?: true
}

const post = (path: string, body?: object) => ({ method: 'POST', path, ...(body ? { body } : {}) })
const ELSEWHERE = { reason: 'signed_out_elsewhere', status: 200 } as const
export const WAYS = {
  signOut: { reason: 'signed_out', status: 204, request: () => post('/api/auth/sign-out'), found: ({ sessionId }) => ({ id: sessionId }) },
  endOne: {
    ...ELSEWHERE,
    request: ({ target }) => ({ method: 'DELETE', path: `/api/me/sessions/${target}` }),
    found: ({ userId, target }) => ({ userId, kind: 'login', id: target }),
    none: '404 session.not_found',
  },
  endOthers: {
    ...ELSEWHERE,
    request: () => post('/api/me/sessions/end-others'),
    found: ({ userId, sessionId }) => ({ userId, kind: 'login', not: sessionId }),
  },
  revoke: {
    ...ELSEWHERE,
    status: 204,
    request: ({ target }) => ({ method: 'DELETE', path: `/api/me/tokens/${target}` }),
    found: ({ userId, target }) => ({ userId, kind: 'api', id: target }),
    none: '404 token.not_found',
  },
  notMe: {
    reason: 'not_me',
    status: 200,
    request: () => post('/api/me/sessions/not-me'),
    found: ({ userId, sessionId }) => ({ userId, not: sessionId }),
  },
  endByAdmin: {
    reason: 'administrator',
    status: 200,
    request: ({ expected }) => post('/api/sessions/end', { filter: {}, expected }),
    found: ({ sessionId }) => ({ not: sessionId }),
    forAdmins: true,
  },
} as const satisfies Record<string, EndWay>

/** Ends sessions; which ones is decided when it is sent. */
export const end = (of: Of, name: keyof typeof WAYS) =>
  byClient(of, name, async (play, client) => {
    const way: EndWay = WAYS[name]
    const { token } = client
    const { id: sessionId, userId } = sessionOf(play.state, token)
    const target = play.pick(model.liveOf(play.state, { userId, kind: name === 'revoke' ? 'api' : 'login' }))?.id ?? sessionId
    const found = way.found({ sessionId, userId, target })
    const expected = model.liveOf(play.state, found).length
    const reply = await call(play, client, { of, ...way.request({ target, expected }) })
    const numberOf = (state: model.State) => model.liveOf(state, found).length
    return entering({
      token,
      reply,
      status: way.status,
      refusal: (state) =>
        (way.forAdmins && (refusalOfAdmin(state, token) ?? (numberOf(state) === expected ? undefined : '409 session.count_changed'))) ||
        (numberOf(state) === 0 ? way.none : undefined),
      success(state) {
        const count = (reply.body as { ended: number } | undefined)?.ended ?? numberOf(state)
        const complaint = otherThan(`${numberOf(state)} ended`, `${count} ended`)
        endAll(model.liveOf(state, found), way.reason)
        return complaint ?? (name === 'notMe' && client.via === 'cookie' ? changed(state, token, reply) : undefined)
      },
    })
  })

/** The browser that ends the others is given a token of which nobody has a copy. */
function changed(state: model.State, token: string, { given }: Reply): string | undefined {
  if (!given || state.tokens[given]) return 'a token is given that others may have, or none'
  model.change(state, token, given)
  return undefined
}

function endAll(sessions: readonly model.Session[], reason: EndWay['reason']): void {
  for (const session of sessions) session.ended = reason
}

function refusalOfAdmin(state: model.State, token: string): string | undefined {
  if (sessionOf(state, token).userId !== state.adminId) return '403 auth.not_allowed'
  return model.isProven(state, token) ? undefined : '401 auth.proof_needed'
}

const OWN_RULES = {
  preset: 'own',
  idleLimitS: 7_200,
  absoluteLimitS: 7_200,
  remember: true,
  rememberIdleLimitS: 1_800,
  rememberAbsoluteLimitS: 14_400,
  proofGoodForS: 300,
  leastPasswordLength: 12,
}

/** An administrator changes the rules. */
export function setPolicy(of: Of, name: keyof typeof model.POLICIES): Deed {
  const change = (state: model.State) => model.setPolicy(state, model.POLICIES[name])
  const deed = byClient(of, `rules ${name}`, async (play, client) => {
    const { token } = client
    const body = name === 'own' ? OWN_RULES : { preset: name }
    const reply = await call(play, client, { of, method: 'PATCH', path: '/api/login-policy', body })
    return entering({ token, reply, status: 200, refusal: (state) => refusalOfAdmin(state, token), success: (state) => void change(state) })
  })
  return { ...deed, mayBe: (play) => deed.mayBe(play) && play.isClearAfter(change) }
}
