/**
 * Answers between servers. The server that writes one tells the others what comes, while they say that somebody reads there; who misses
 * something says where they are and is told from there. All of it goes through Redis, sealed under the chat's key at the answer's own
 * place, and is believed in nothing: what is forged does not open, and what is lost is in the next checkpoint.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Citation, type Message } from '#contract/chats.ts'
import { MessageId, TenantId } from '#contract/ids.ts'
import { type CacheStore, onTold, TenantCache } from '#server/isolation/cache.ts'
import type { Sealer } from '#server/isolation/keys/scope-keys.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { endOf, type Generation, type Position, START, type Written, writtenIn } from './generation.ts'

/** Pieces that come within this time travel together. */
const COALESCE_MS = 25
/** How often a server says that somebody reads there. */
const WANT_EVERY_MS = 1_000
/** For how long its word holds. */
const WANTED_FOR_MS = 4_000
/** Anyone on Redis may say that somebody there misses something: no more often than this is an answer told anew. */
const REPEAT_EVERY_MS = 200
/** After this long without a word the writer, or Redis, is thought away. */
const SILENT_AFTER_MS = 2_500

const At = z.strictObject({ text: z.int().min(0), citations: z.int().min(0), run: z.int().min(0) })
/** Heard by every server: somebody here reads an answer and has this much of it; or somebody may have asked to stop it. */
const Told = z.union([
  z.strictObject({ reads: MessageId, tenantId: TenantId, at: At }),
  z.strictObject({ lookAt: MessageId, tenantId: TenantId }),
])
type Told = z.input<typeof Told>

/** What there is from a position on, how the answer had been continued, and whether it has ended. */
const Piece = z.strictObject({
  from: At,
  text: z.string(),
  citations: z.array(Citation),
  continuedAt: z.array(z.int().min(0)),
  isOver: z.boolean(),
})
type Piece = z.infer<typeof Piece>

export interface Whose {
  readonly tenantId: TenantId
  readonly answerId: MessageId
}

export class Elsewhere {
  readonly #cache: CacheStore
  readonly #clock: Clock
  readonly #wanted = new Map<string, Wanted>()
  readonly #mirrors = new Map<string, Mirror>()

  constructor(parts: { cache: CacheStore; clock: Clock; find: (of: Whose) => Generation | undefined }) {
    this.#cache = parts.cache
    this.#clock = parts.clock
    onTold(parts.cache, (message) => {
      const { data } = Told.safeParse(message)
      if (!data) return
      const whose = { tenantId: data.tenantId, answerId: 'reads' in data ? data.reads : data.lookAt }
      const generation = parts.find(whose)
      if (!generation) return
      if ('reads' in data) this.#want(whose, generation, data.at)
      else generation.lookNow()
    })
  }

  /** Has the writer of an answer look at once whether somebody asked to stop it. One that does not hear of it sees it within a second. */
  async tellToLook({ tenantId, answerId }: Whose): Promise<void> {
    await new TenantCache(this.#cache, tenantId).tell({ lookAt: answerId, tenantId } satisfies Told)
  }

  /** An answer as another server writes it, shared by all who read it here; each of them closes it. */
  open(whose: Whose, kept: Message, sealer: Sealer): Mirror {
    const name = nameOf(whose)
    const known = this.#mirrors.get(name)
    known?.take(kept)
    if (known && !known.isOver) return known.share()
    const mirror = new Mirror(whose, { kept, sealer, cache: new TenantCache(this.#cache, whose.tenantId), clock: this.#clock }, () => {
      if (this.#mirrors.get(name) === mirror) this.#mirrors.delete(name)
    })
    this.#mirrors.set(name, mirror)
    return mirror
  }

  #want(whose: Whose, generation: Generation, at: Position): void {
    const name = nameOf(whose)
    const untilMs = this.#clock.now() + WANTED_FOR_MS
    const wanted = this.#wanted.get(name)
    if (wanted) {
      wanted.untilMs = untilMs
      wanted.catchUp(at, this.#clock.now())
      return
    }
    const begun = new Wanted(untilMs, at)
    this.#wanted.set(name, begun)
    // It never rejects: the store says instead that it is away.
    void this.#tell(whose, generation, begun).finally(() => this.#wanted.delete(name))
  }

  async #tell({ tenantId, answerId }: Whose, generation: Generation, wanted: Wanted): Promise<void> {
    const cache = new TenantCache(this.#cache, tenantId)
    await generation.begun
    const { sealer } = generation
    if (!sealer) return
    while (this.#clock.now() < wanted.untilMs) {
      const next = Promise.race([generation.changed(), wanted.asked()])
      const { isOver, written } = generation
      const piece = pieceFrom(wanted.from, written, isOver)
      wanted.from = endOf(written)
      // What was not heard is asked for again by who missed it.
      await cache.tellOfAnswer(answerId, sealer.seal(JSON.stringify(piece), answerId, 'piece').toString('base64'))
      if (isOver) return
      await sleep(COALESCE_MS, undefined, { ref: false })
      await next
    }
  }
}

/** That somebody reads an answer at other servers. */
class Wanted {
  untilMs: number
  /** Up to where all of them have been told. */
  from: Position
  #repeatedMs = Number.NEGATIVE_INFINITY
  #asked = Promise.withResolvers<void>()
  constructor(untilMs: number, from: Position) {
    this.untilMs = untilMs
    this.from = from
  }

  /** Resolves when one of them asks again. */
  asked(): Promise<void> {
    this.#asked = Promise.withResolvers()
    return this.#asked.promise
  }

  /** Somebody is there. Who is refused for now asks again. */
  catchUp(at: Position, nowMs: number): void {
    if (isBehind(at, this.from) && nowMs - this.#repeatedMs >= REPEAT_EVERY_MS) {
      this.#repeatedMs = nowMs
      this.from = at
    }
    this.#asked.resolve()
  }
}

function pieceFrom(at: Position, written: Written, isOver: boolean): Piece {
  // Who has something of another run has to ask the database first.
  const isOfThisRun = at.run === written.continuedAt.length && at.text <= written.text.length && at.citations <= written.citations.length
  const from = isOfThisRun ? at : { ...START, run: written.continuedAt.length }
  const { text, citations, continuedAt } = written
  return { from, text: text.slice(from.text), citations: citations.slice(from.citations), continuedAt: [...continuedAt], isOver }
}

function isBehind(a: Position, b: Position): boolean {
  return a.run !== b.run || a.text < b.text || a.citations < b.citations
}

/** An answer that another server writes, as far as is known here. */
export class Mirror {
  readonly #parts: { readonly sealer: Sealer; readonly cache: TenantCache; readonly clock: Clock }
  readonly #whose: Whose
  readonly #onClose: () => void
  readonly #stopHearing: () => void
  readonly #timer: NodeJS.Timeout
  #changed = Promise.withResolvers<void>()
  #written: Written
  #heardMs = Number.NEGATIVE_INFINITY
  #readers = 1
  #isOver = false

  constructor(whose: Whose, { kept, ...parts }: { kept: Message; sealer: Sealer; cache: TenantCache; clock: Clock }, onClose: () => void) {
    this.#whose = whose
    this.#parts = parts
    this.#onClose = onClose
    this.#written = writtenIn(kept.parts)
    this.#stopHearing = parts.cache.onToldOfAnswer(whose.answerId, (sealed) => this.#hear(sealed))
    this.#timer = setInterval(() => this.#want(), WANT_EVERY_MS).unref()
    this.#want()
  }

  get written(): Written {
    return this.#written
  }

  /** Whether the database has to be asked what became of it. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether its writer is heard. */
  get isHeard(): boolean {
    return this.#parts.clock.now() - this.#heardMs < SILENT_AFTER_MS
  }

  share(): this {
    this.#readers += 1
    return this
  }

  close(): void {
    this.#readers -= 1
    if (this.#readers > 0) return
    clearInterval(this.#timer)
    this.#stopHearing()
    this.#onClose()
  }

  /** Takes in what a reader found in the database. */
  take(kept: Message): void {
    const written = writtenIn(kept.parts)
    if (kept.status !== 'streaming' || written.continuedAt.length !== this.#written.continuedAt.length) this.#end()
    else if (written.text.length > this.#written.text.length) {
      this.#written = { ...written, citations: longer(written.citations, this.#written.citations) }
      this.#wake()
    }
  }

  /** Resolves at the next change. */
  changed(): Promise<void> {
    return this.#changed.promise
  }

  #want(): void {
    const { tenantId, answerId } = this.#whose
    void this.#parts.cache.tell({ reads: answerId, tenantId, at: endOf(this.#written) } satisfies Told)
  }

  #hear(sealed: string): void {
    const piece = this.#open(sealed)
    if (!piece) return
    const mine = endOf(this.#written)
    // Of an earlier run: somebody repeats what was said long ago.
    if (piece.continuedAt.length < mine.run) return
    this.#heardMs = this.#parts.clock.now()
    if (piece.continuedAt.length > mine.run) this.#end()
    else if (piece.from.text > mine.text || piece.from.citations > mine.citations) this.#want()
    else this.#grow(piece, mine)
  }

  #grow(piece: Piece, mine: Position): void {
    const text = piece.text.slice(mine.text - piece.from.text)
    const citations = piece.citations.slice(mine.citations - piece.from.citations)
    if (text !== '' || citations.length > 0) {
      this.#written = {
        text: this.#written.text + text,
        citations: [...this.#written.citations, ...citations],
        continuedAt: this.#written.continuedAt,
      }
      this.#wake()
    }
    if (piece.isOver) this.#end()
  }

  /** Undefined for what the writer of this answer has not sealed. */
  #open(sealed: string): Piece | undefined {
    try {
      return Piece.parse(JSON.parse(this.#parts.sealer.open(Buffer.from(sealed, 'base64'), this.#whose.answerId, 'piece')))
    } catch {
      return undefined
    }
  }

  #end(): void {
    this.#isOver = true
    this.#wake()
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

const longer = <T>(a: readonly T[], b: readonly T[]): readonly T[] => (a.length > b.length ? a : b)

function nameOf({ tenantId, answerId }: Whose): string {
  return `${tenantId}:${answerId}`
}
