/**
 * The shape of an endpoint. Server, web, command line, OpenAPI and the every-endpoint test are all derived
 * from these declarations, so what is written here is what happens.
 */
import { z } from 'zod'
import type { FailureCode } from './errors.ts'

/** Who may call: `anyone` needs no login, `user` any signed-in person, `admin` an administrator of the tenant. */
export type Access = 'anyone' | 'user' | 'admin'

/** What an API token may be good for. `read` and `chat` reach what its person may read, `chat` writes too, `admin` is an administrator's. */
export const Ability = z.enum(['read', 'chat', 'admin'])
export type Ability = z.infer<typeof Ability>

/**
 * What the endpoint does to the database. `read` and `write` get a unit of work of that kind; `none` opens its own
 * short units (streams hold no transaction); `door` goes through one of the doors of `docs/topics/isolation.md`.
 */
export type Work = 'read' | 'write' | 'none' | 'door'

/** What a reply of bytes may be: nothing that a browser would run as a page of this server. */
export type MediaType = 'image/webp' | 'application/zip' | 'text/csv'

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface Endpoint {
  /** `noun.verb`; also the OpenAPI operation id. */
  readonly id: string
  readonly method: Method
  /** Fastify syntax; every `:name` has an entry in `params`. */
  readonly path: string
  readonly summary: string
  readonly access: Access
  readonly work: Work
  /** The abilities of which an API token needs one; `null` where only a login will do. */
  readonly token: readonly Ability[] | null
  /** Whether the login must have been proven a short while ago: see `session.prove`. */
  readonly proof: boolean
  /** Whether a login may call it that has yet to set up the second factor which the organisation requires: what leads there, and out. */
  readonly whileRestricted: boolean
  /** Whether a call shows that a person is there. Streams, and what a page asks by itself, do not. */
  readonly activity: boolean
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  readonly body: z.ZodType | null
  /** Whether the body is a form, as a specification of others wants it, and no JSON. */
  readonly form: boolean
  /** Status of success: 200 unless something was created (201), there is nothing to say (204), or a browser is sent on (303). */
  readonly status: 200 | 201 | 202 | 204 | 303
  /** `null` when the reply is bytes, or a stream of server-sent events, whose data are then `events`. */
  readonly reply: z.ZodType | null
  /** The media types of a reply that is bytes and no JSON, such as a picture or an archive. */
  readonly bytes: readonly MediaType[] | null
  /** Whether the caller's own browser may keep the bytes. It asks each time whether they are still the same, and for the caller. */
  readonly kept: boolean
  readonly events: Readonly<Record<string, z.ZodType>> | null
  /** The codes that this endpoint itself may fail with, besides those every endpoint shares (`SHARED_FAILURES`). */
  readonly fails: readonly FailureCode[]
}

const NOTHING = z.strictObject({})

type Defaults = {
  token: null
  proof: false
  whileRestricted: false
  activity: true
  params: typeof NOTHING
  query: typeof NOTHING
  body: null
  form: false
  status: 200
  reply: null
  bytes: null
  kept: false
  events: null
  fails: readonly []
}

/** Declares an endpoint; parts left out take their defaults. Unknown fields of params, query and body are refused. */
// Said to the bundler, so that a page loads only the declarations that it uses.
/* @__NO_SIDE_EFFECTS__ */
export function endpoint<const E extends Partial<Endpoint> & Pick<Endpoint, 'id' | 'method' | 'path' | 'summary' | 'access' | 'work'>>(
  declared: E,
): Omit<Defaults, keyof E> & E {
  return {
    token: null,
    proof: false,
    whileRestricted: false,
    activity: true,
    params: NOTHING,
    query: NOTHING,
    body: null,
    form: false,
    status: 200,
    reply: null,
    bytes: null,
    kept: false,
    events: null,
    fails: [],
    ...declared,
  } as Omit<Defaults, keyof E> & E
}

/** One page of a list. `next` is an opaque cursor, good only for the person it was given to; `null` on the last page. */
export function page<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), next: z.string().nullable() })
}

/** Query fields of every paged list. */
export const PageQuery = z.strictObject({
  cursor: z.string().max(1_000).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
})

/**
 * A line of text that a person typed: trimmed, something to see in it, and nothing that changes how its surroundings are read: no
 * control characters (and so no NUL, which PostgreSQL refuses), no halves of characters, no line's or paragraph's end, no change of direction.
 */
export const line = (max: number) =>
  z
    .string()
    .trim()
    .max(max, `must be at most ${max} characters`)
    .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/u, 'must not contain control characters')
    .regex(/[^\p{Z}\p{C}]/u, 'must not be empty')

const CONTROLS = /[^\P{Cc}\t\n\r]/gu

/** Text of several lines. Tabs and line breaks are kept; other control characters, as in a log that was pasted, are left out. */
export const prose = (max: number) =>
  z
    .string()
    .overwrite((text) => text.replace(CONTROLS, ''))
    .min(1, { error: 'must not be empty', abort: true })
    .max(max, `must be at most ${max} characters`)
    .refine((text) => text.trim() !== '', 'must not be empty')

export const Time = z.iso.datetime().describe('RFC 3339, UTC')
