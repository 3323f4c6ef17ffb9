/** Server-sent events: one reply that goes on. Events are parsed by the contract. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { z } from 'zod'
import type { StreamEvent } from '../isolation/route.ts'
import { errorFields, type Log } from '../kernel/log.ts'

export interface StreamTimes {
  /** After so long a reader is told that the stream goes on. */
  readonly heartbeatMs: number
  /** A reader who takes nothing for so long is dropped, and comes back where they were. */
  readonly takenWithinMs: number
}

export const STREAM_TIMES: StreamTimes = { heartbeatMs: 15_000, takenWithinMs: 30_000 }
/** How soon a reader comes back whom a server that is going down hands over. */
const COME_BACK_MS = 250

interface Streamed {
  readonly events: AsyncIterable<StreamEvent>
  readonly shapes: Readonly<Record<string, z.ZodType>>
  readonly times: StreamTimes
  /** Aborts when the server is going down. */
  readonly handedOver: AbortSignal
  readonly log: Log
}

/**
 * Sends events until the source ends or the client goes away. A slow reader slows only its own source, which then gives larger pieces;
 * nothing is put aside for them but the piece at hand.
 */
export async function sendEvents(reply: FastifyReply, { events, shapes, times, handedOver, log }: Streamed): Promise<void> {
  reply.hijack()
  const { raw } = reply
  // Written at once and not set one by one, which Node would keep in memory for as long as the stream is open.
  const headers = Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined))
  raw.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  raw.flushHeaders()
  const heartbeat = setInterval(() => raw.writableNeedDrain || raw.write(': still here\n\n'), times.heartbeatMs)
  const closed = new AbortController()
  raw.once('close', () => closed.abort())
  try {
    for await (const event of events) {
      if (raw.destroyed) break
      if (!raw.write(encode(event, shapes)) && !(await isTaken(reply, times.takenWithinMs, closed.signal))) raw.destroy()
    }
    if (handedOver.aborted && !raw.destroyed) raw.write(`retry: ${COME_BACK_MS}\n\n`)
  } catch (error) {
    // The head is sent; all that can be told is the end. The client resumes and gets the failure as a proper reply.
    log.warn(errorFields(error), 'a stream ended early')
  } finally {
    clearInterval(heartbeat)
    raw.end()
  }
}

/** Whether the reader has taken, in time, all that was sent. */
async function isTaken({ raw }: FastifyReply, withinMs: number, closed: AbortSignal): Promise<boolean> {
  const over = new AbortController()
  const taken = new Promise<boolean>((resolve) => raw.once('drain', () => resolve(true)))
  const late = sleep(withinMs, false, { signal: AbortSignal.any([over.signal, closed]), ref: false }).catch(() => false)
  return Promise.race([taken, late]).finally(() => over.abort())
}

function encode({ id, event, data }: StreamEvent, shapes: Readonly<Record<string, z.ZodType>>): string {
  const shape = shapes[event]
  if (!shape) throw new Error(`an event of the undeclared kind ${event}`)
  return `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(shape.parse(data))}\n\n`
}
