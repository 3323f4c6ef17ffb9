/**
 * A route pairs an endpoint of the contract with its handler, and the types follow from what the endpoint declares: its handle reads
 * or writes, an actor is there or not, and only declared codes can be failed with. `http/bind.ts` keeps these promises at run time.
 */
import type { Readable } from 'node:stream'
import type { z } from 'zod'
import type { Endpoint, MediaType } from '#contract/endpoint.ts'
import type { FailureCode, SHARED_FAILURES } from '#contract/errors.ts'
import type { Failure, FailureDetails } from '../kernel/failure.ts'
import type { Actor } from './actor.ts'
import type { ReadTx, WriteTx } from './unit-of-work.ts'

/** What a handler may know of the request itself. */
export interface RequestFacts {
  readonly id: string
  readonly ip: string
  readonly userAgent: string | null
  /** Aborts when the client goes away or its login ends; the reason is one of `StreamEnd`. */
  readonly signal: AbortSignal
  /** The Last-Event-ID of a resumed stream. */
  readonly lastEventId: string | null
}

/** One server-sent event; `id` is what a client sends back as Last-Event-ID, null where the one before it goes on being that. */
export interface StreamEvent {
  readonly id: string | null
  readonly event: string
  readonly data: unknown
}

/** A reply of bytes. A stream is read after the unit of work of its endpoint has ended: one that asks the database opens its own. */
export interface Bytes<Type extends MediaType = MediaType> {
  readonly type: Type
  readonly content: Buffer | Readable
  /** With a name the browser saves it and does not show it. */
  readonly fileName?: string
  /** Says which version this is, where the endpoint lets it be kept. */
  readonly version?: string
}

/** A reply as the text that is sent. Whoever makes one has parsed it by the endpoint's own contract. */
export class ReadyReply {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** Why a request's signal aborts: its client went away, its login ended, or the server is going down. */
export type StreamEnd = 'gone' | 'login ended' | 'going down'

/** How a door hands the browser its cookie. One that is not remembered goes when the browser is closed. */
export interface SessionCookie {
  /** What the request brought along; undefined for none. */
  readonly token: string | undefined
  set(token: string, lasts: { readonly expiresAtMs: number; readonly remembered: boolean }): void
  clear(): void
}

/** The cookie that ties a way to another site and back to the browser that set out on it. For minutes, and never a login. */
export interface WayCookie {
  /** What the request brought along; undefined for none. */
  readonly secret: string | undefined
  set(secret: string, lastsS: number): void
  clear(): void
}

interface Units {
  readonly unit: {
    read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T>
    write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T>
  }
}

/** The token of a request with a login, and whether it came in the cookie. */
export interface PresentedToken {
  readonly token: string
  readonly isCookie: boolean
}

export type Context<E extends Endpoint> = {
  readonly params: z.output<E['params']>
  readonly query: z.output<E['query']>
  readonly body: E['body'] extends z.ZodType ? z.output<E['body']> : undefined
  readonly request: RequestFacts
  readonly fail: (code: E['fails'][number] | Extract<(typeof SHARED_FAILURES)[number], FailureCode>, details?: FailureDetails) => Failure
} & (E['access'] extends 'anyone' ? unknown : { readonly actor: Actor; readonly presented: PresentedToken }) &
  (E['work'] extends 'read' ? { readonly tx: ReadTx } : unknown) &
  (E['work'] extends 'write' ? { readonly tx: WriteTx } : unknown) &
  (E['work'] extends 'none' ? (E['access'] extends 'anyone' ? unknown : Units) : unknown) &
  (E['work'] extends 'door'
    ? { readonly cookie: SessionCookie; readonly wayCookie: WayCookie; readonly presented: PresentedToken | undefined }
    : unknown)

/** Where a browser is sent on to: a page of this server, and nowhere else. */
export type OwnPath = `/${string}`

export type Reply<E extends Endpoint> =
  E['events'] extends Record<string, z.ZodType>
    ? AsyncIterable<StreamEvent>
    : E['bytes'] extends readonly MediaType[]
      ? Bytes<E['bytes'][number]>
      : E['reply'] extends z.ZodType
        ? z.input<E['reply']> | ReadyReply
        : E['status'] extends 303
          ? OwnPath
          : undefined

export interface Route {
  readonly endpoint: Endpoint
  readonly handle: (context: never) => Promise<unknown>
}

/** Pairs an endpoint with its handler. */
export function route<const E extends Endpoint>(endpoint: E, handle: (context: Context<E>) => Promise<Reply<E>>): Route {
  return { endpoint, handle: handle as Route['handle'] }
}
