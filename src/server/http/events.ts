/** Server-sent events: one reply that goes on. Events are parsed by the contract. */
import type { FastifyReply } from 'fastify'
import type { z } from 'zod'
import type { StreamEvent } from '../isolation/route.ts'
import { errorFields, type Log } from '../kernel/log.ts'

const HEARTBEAT_MS = 15_000

/** Sends events until the source ends or the client goes away. A slow reader slows only its own source, which then gives larger pieces. */
export async function sendEvents(
  reply: FastifyReply,
  { events, shapes, log }: { events: AsyncIterable<StreamEvent>; shapes: Readonly<Record<string, z.ZodType>>; log: Log },
): Promise<void> {
  reply.hijack()
  const { raw } = reply
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  raw.flushHeaders()
  const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS)
  const closed = new Promise((resolve) => raw.once('close', resolve))
  try {
    for await (const event of events) {
      if (raw.destroyed) break
      if (!raw.write(encode(event, shapes))) await Promise.race([new Promise((resolve) => raw.once('drain', resolve)), closed])
    }
  } catch (error) {
    // The head is sent; all that can be told is the end. The client resumes and gets the failure as a proper reply.
    log.warn(errorFields(error), 'a stream ended early')
  } finally {
    clearInterval(heartbeat)
    raw.end()
  }
}

function encode({ id, event, data }: StreamEvent, shapes: Readonly<Record<string, z.ZodType>>): string {
  const shape = shapes[event]
  if (!shape) throw new Error(`an event of the undeclared kind ${event}`)
  return `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(shape.parse(data))}\n\n`
}
