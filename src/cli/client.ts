/** Calls the server as any other program would: by the contract, with a bearer token. The only fetch of the command line. */
import type { z } from 'zod'
import type { Endpoint } from '#contract/endpoint.ts'
import { Problem } from '#contract/errors.ts'

export interface Server {
  readonly url: string
  readonly token: string | undefined
}

interface Given {
  readonly params?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** What the server refused, as the sentence it gave and what to do next. */
class Refused extends Error {
  override readonly name = 'Refused'
}

/** Calls an endpoint and returns its reply, parsed by the contract. Throws `Refused` with the server's own sentence. */
export async function call<E extends Endpoint & { reply: z.ZodType }>(
  server: Server,
  endpoint: E,
  given: Given = {},
): Promise<z.output<E['reply']>> {
  const response = await send(server, endpoint, given)
  return endpoint.reply.parse(await response.json()) as z.output<E['reply']>
}

/** Follows an endpoint of events; yields each as its kind and data, parsed by the contract. */
export async function* follow<E extends Endpoint & { events: Readonly<Record<string, z.ZodType>> }>(
  server: Server,
  endpoint: E,
  given: Given = {},
) {
  const response = await send(server, endpoint, given)
  let waiting = ''
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    waiting += decoder.decode(piece, { stream: true })
    const frames = waiting.split('\n\n')
    waiting = frames.pop() ?? ''
    for (const frame of frames) {
      const kind = /^event: (.+)$/m.exec(frame)?.[1]
      const data = /^data: (.+)$/m.exec(frame)?.[1]
      const shape = kind === undefined ? undefined : endpoint.events[kind]
      if (kind !== undefined && data !== undefined && shape) yield { kind, data: shape.parse(JSON.parse(data)) }
    }
  }
}

const decoder = new TextDecoder()

async function send({ url, token }: Server, endpoint: Endpoint, { params = {}, body }: Given): Promise<Response> {
  const path = endpoint.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
  const request = { method: endpoint.method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await fetch(new URL(path, url), request).catch((error: Error) => {
    throw new Refused(`No answer from ${url}. Is the server running, and the address right?`, { cause: error })
  })
  if (response.ok) return response
  const problem = Problem.safeParse(await response.json().catch(() => undefined))
  throw new Refused(
    problem.success
      ? `${problem.data.detail} ${problem.data.next}`
      : `${url} answered with status ${response.status}, which is not Sardonyx.`,
  )
}
