/**
 * One reader's stream of events. It waits until it is told that something may have happened, then looks through the reader's own unit of
 * work, so that each delivery is authorised when it is made, and what is theirs no more is not there. Nothing is lost between two
 * looks, nor told twice: each goes on from what the one before it knew.
 */
import type { EndReason } from '#contract/end-reason.ts'
import type { Happening } from '#contract/events.ts'
import type { ChatId } from '#contract/ids.ts'
import type { AnswerReader, FollowAnswer } from '#server/features/messages/index.ts'
import type { Actor } from '#server/isolation/actor.ts'
import type { Cursors } from '#server/isolation/cursor.ts'
import { type Happenings, knows } from '#server/isolation/happenings.ts'
import type { StreamEnd, StreamEvent } from '#server/isolation/route.ts'
import type { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Log } from '#server/kernel/log.ts'
import { type Watched, WatchedAnswers } from './answers.ts'
import { idOf, type Position, positionOf } from './position.ts'
import { type Found, findHappened, latest } from './store.ts'

/** What happened is kept for two days; who has been away for longer than this looks again. */
const RESUMES_WITHIN_MS = 24 * 3_600_000
const RETRY_MS = 1_000
/** So often a reader looks at once, and then once each time that so long has passed: whoever makes much happen, or says so, is not looked after without end. */
const LOOKS_AT_ONCE = 20
const LOOK_AGAIN_MS = 50
/** More transactions than this are not told apart. */
const MOST_DUE = 100
/** After these somebody may have lost what they watch. */
const LOSING: readonly Happening['kind'][] = ['access.changed', 'chat.left', 'chat.moved', 'chat.deleted', 'chat.erased']

/** What the stream must know of logins. */
export interface LoginWatch {
  /** Calls back until the returned function is called. */
  watch(actor: Actor, watcher: { onEnd(): void; onNews(): void; onChanged(): void }): () => void
  whyEnded(token: string): Promise<{ readonly reason: EndReason | null }>
  /** The actor of a token as the database finds it now. */
  actorOf(token: string): Promise<Actor>
}

export interface EventParts {
  readonly units: UnitsOfWork
  readonly cursors: Cursors
  readonly happenings: Happenings
  readonly login: LoginWatch
  readonly followAnswer: FollowAnswer
  readonly log: Log
}

export interface Reader {
  readonly actor: Actor
  readonly token: string
  readonly watched: readonly Watched[]
  /** Aborts with a `StreamEnd`. */
  readonly signal: AbortSignal
}

export class EventStream {
  readonly #parts: EventParts
  readonly #token: string
  readonly #signal: AbortSignal
  readonly #answers: WatchedAnswers
  readonly #watched: readonly Watched[]
  #actor: Actor
  /** Up to where the reader was told; null before the first look. */
  #position: Position | null = null
  /** Transactions that may have brought something new; null stands for any. */
  readonly #due = new Set<bigint | null>()
  readonly #news = new Set<'security' | 'me'>()
  /** How often it was looked of late: one less each time that so long has passed. */
  #looks = 0
  #wake: () => void = () => undefined
  #unfollow: () => void = () => undefined

  constructor(parts: EventParts, { actor, token, watched, signal }: Reader) {
    this.#parts = parts
    this.#actor = actor
    this.#token = token
    this.#signal = signal
    const isLogin = actor.abilities === null
    const unwatch = parts.login.watch(actor, {
      onEnd: () => this.#wake(),
      onNews: () => isLogin && this.#hear('security'),
      onChanged: () => isLogin && this.#hear('me'),
    })
    this.#follow()
    const read: AnswerReader['read'] = (work) => parts.units.read(this.#actor, work)
    this.#watched = watched
    this.#answers = new WatchedAnswers({
      follow: parts.followAnswer,
      reader: { tenantId: actor.tenantId, read, signal },
      log: parts.log,
      onReady: () => this.#wake(),
    })
    const stop = () => {
      unwatch()
      this.#unfollow()
      this.#wake()
    }
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  }

  /** Events until the login ends, which is the last of them, or the reader goes. Rejects when the reader may not follow at all. */
  async open(lastEventId: string | null): Promise<AsyncIterable<StreamEvent>> {
    const since = await positionOf(this.#parts.cursors, this.#actor, lastEventId)
    const found = await this.#find(since ?? null)
    this.#position = found.position
    const isLate = since === undefined || (since !== null && found.position.atMs - since.atMs > RESUMES_WITHIN_MS)
    const first = since === null ? await this.#say('opened', {}) : await this.#tell(isLate ? { ...found, items: null } : found)
    this.#answers.begin(this.#watched)
    return this.#run(first)
  }

  async *#run(first: StreamEvent | null): AsyncGenerator<StreamEvent, void, undefined> {
    if (first) yield first
    let isRefused = false
    try {
      while (!this.#signal.aborted) {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        for (const event of this.#news) {
          this.#news.delete(event)
          yield { id: null, event, data: {} }
        }
        const happened = await this.#happened()
        if (happened) yield happened
        yield* this.#answers.take()
        if (!happened && !this.#signal.aborted) await woken
      }
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'auth.required') throw error
      isRefused = true
    }
    if (isRefused || (this.#signal.reason as StreamEnd) === 'login ended') yield* this.#ended()
  }

  /** Why the login ended. It has not where it was restricted, or its token was replaced, as whoever follows anew finds out. */
  async *#ended(): AsyncGenerator<StreamEvent, void, undefined> {
    const { reason } = await this.#parts.login.whyEnded(this.#token)
    if (reason !== null) yield { id: null, event: 'ended', data: { reason } }
  }

  #hear(event: 'security' | 'me'): void {
    this.#news.add(event)
    this.#wake()
  }

  #follow(): void {
    const before = this.#unfollow
    this.#unfollow = this.#parts.happenings.follow(this.#actor.tenantId, this.#actor.readScopes, (tx) => {
      this.#due.add(this.#due.size < MOST_DUE ? tx : null)
      this.#wake()
    })
    before()
  }

  /** The next event of what happened; null when there is nothing to tell. A database that is away is asked again. */
  async #happened(): Promise<StreamEvent | null> {
    const { snapshot } = this.#position!
    for (const tx of this.#due) if (tx !== null && knows(snapshot, tx)) this.#due.delete(tx)
    if (this.#due.size === 0 || this.#looks === LOOKS_AT_ONCE) return null
    this.#countLook()
    const due = [...this.#due]
    this.#due.clear()
    try {
      return await this.#tell(await this.#find(this.#position))
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'server.unavailable') throw error
      for (const tx of due) this.#due.add(tx)
      setTimeout(() => this.#wake(), RETRY_MS).unref()
      return null
    }
  }

  #countLook(): void {
    this.#looks += 1
    if (this.#looks === 1) this.#forgetLook()
  }

  #forgetLook(): void {
    setTimeout(() => {
      if (this.#looks-- === LOOKS_AT_ONCE) this.#wake()
      if (this.#looks > 0) this.#forgetLook()
    }, LOOK_AGAIN_MS).unref()
  }

  /** Looks. Where it finds that its reader reaches other scopes than before, it looks in those, too. */
  async #find(since: Position | null): Promise<Found> {
    const look = () => this.#parts.units.read(this.#actor, (tx) => findHappened(tx, since))
    let found = await look()
    for (let before = 0, now = changesOf(found); now > before; before = now, now = changesOf(found)) {
      this.#actor = await this.#parts.login.actorOf(this.#token)
      this.#follow()
      found = await look()
    }
    return found
  }

  async #tell({ position, items }: Found): Promise<StreamEvent | null> {
    this.#position = position
    const lost = items?.filter(({ kind }) => LOSING.includes(kind)).map(({ chatId }) => chatId)
    if (!lost || lost.includes(null)) this.#answers.recheck(null)
    else if (lost.length > 0) this.#answers.recheck(new Set(lost as ChatId[]))
    if (!items) return this.#say('resumed', {})
    return items.length > 0 ? this.#say('happened', { items: latest(items) }) : null
  }

  async #say(event: string, data: object): Promise<StreamEvent> {
    return { id: await idOf(this.#parts.cursors, this.#actor, this.#position!), event, data }
  }
}

/** How often what its reader reaches has changed; where not all is known, once more than is known. */
function changesOf({ items }: Found): number {
  return items ? items.filter(({ kind }) => kind === 'access.changed').length : 1
}
