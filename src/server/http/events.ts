/** Server-sent events: one reply that goes on. Events are parsed by the contract; a reader that is too slow is dropped and resumes. */
import type { FastifyReply } from 'fastify'
import type { z } from 'zod'
import type { StreamEvent } from '../isolation/route.ts'
import { errorFields, type Log } from '../kernel/log.ts'

const HEARTBEAT_MS = 15_000
/** What may wait unsent for one reader before it is dropped. */
const MOST_BUFFERED_BYTES = 1_000_000

/** Sends events until the source ends, the client goes away, or it falls too far behind. */
export async function sendEvents(
  reply: FastifyReply,
  shapes: Readonly<Record<string, z.ZodType>>,
  events: AsyncIterable<StreamEvent>,
  log: Log,
): Promise<void> {
  // Fetch the first event before the head is sent: until then a failure can still be a proper reply.
  const source = events[Symbol.asyncIterator]()
  let next = await source.next()
  reply.hijack()
  const { raw } = reply
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  raw.flushHeaders()
  const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS)
  try {
    while (!next.done && !raw.destroyed) {
      raw.write(encode(next.value, shapes))
      if (raw.writableLength > MOST_BUFFERED_BYTES) raw.destroy()
      next = await source.next()
    }
  } catch (error) {
    // The head is sent; all that can be told is the end. The client resumes and gets the failure as a proper reply.
    log.warn(errorFields(error), 'a stream ended early')
  } finally {
    clearInterval(heartbeat)
    await source.return?.()
    raw.end()
  }
}

function encode({ id, event, data }: StreamEvent, shapes: Readonly<Record<string, z.ZodType>>): string {
  const shape = shapes[event]
  if (!shape) throw new Error(`an event of the undeclared kind ${event}`)
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(shape.parse(data))}\n\n`
}
