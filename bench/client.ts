/** Calls to a server process as a program makes them, over HTTP with a bearer token. */

export interface Client {
  /** Calls an endpoint and answers its JSON; throws what the server says when it refuses. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>
  /** The status of a call, whatever it is. */
  status(method: string, path: string): Promise<number>
  /** Reads a stream of events until `enough` says so of what came, or to its end; answers what came. */
  read(path: string, enough?: (text: string) => boolean): Promise<string>
}

/** A client of the server at a port. */
export function clientOf(port: number, token: string): Client {
  const send = (method: string, path: string, body?: unknown) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  return {
    async call<T>(method: string, path: string, body?: unknown): Promise<T> {
      const reply = await send(method, path, body)
      if (!reply.ok) throw new Error(`${method} ${path} was refused: ${await reply.text()}`)
      return (reply.status === 204 ? undefined : await reply.json()) as T
    },
    async status(method, path) {
      const reply = await send(method, path)
      await reply.arrayBuffer()
      return reply.status
    },
    read: async (path, enough) => readEvents(await send('GET', path), enough),
  }
}

/** Reads a reply until `enough` says so of what came, or to its end. */
export async function readEvents(reply: Response, enough: (text: string) => boolean = () => false): Promise<string> {
  if (!reply.ok || !reply.body) throw new Error(`a stream was refused: ${await reply.text()}`)
  let text = ''
  for await (const piece of reply.body.pipeThrough(new TextDecoderStream())) {
    text += piece
    if (enough(text)) break
  }
  return text
}
