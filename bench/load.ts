/** A client that costs next to nothing, so that what is measured is the server: a few kept connections, one request at a time on each. */
import { connect, type Socket } from 'node:net'

export interface Target {
  readonly path: string
  readonly token?: string
}

export interface Load extends Target {
  readonly port: number
  readonly lanes: number
  readonly requests: number
}

/** Milliseconds of wall time per request, over all of them. Throws on any status but 200. Connections are made before the clock runs. */
export async function loadMs({ port, lanes, requests, path, token }: Load): Promise<number> {
  const login = token === undefined ? '' : `authorization: Bearer ${token}\r\n`
  const bytes = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${login}\r\n`)
  const all = await Promise.all(Array.from({ length: lanes }, () => openLane(port)))
  let left = requests
  const work = async (lane: Lane) => {
    while (left-- > 0) await lane.get(bytes)
  }
  const startedMs = performance.now()
  await Promise.all(all.map(work))
  const tookMs = performance.now() - startedMs
  for (const lane of all) lane.close()
  return tookMs / requests
}

interface Lane {
  get(request: Buffer): Promise<void>
  close(): void
}

async function openLane(port: number): Promise<Lane> {
  const socket = await opened(connect({ port, host: '127.0.0.1', noDelay: true }))
  let awaited = Promise.withResolvers<void>()
  let missing = 0
  let head = ''
  socket.on('data', (chunk) => {
    if (missing > 0) missing -= chunk.length
    else {
      head += chunk.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      if (!head.startsWith('HTTP/1.1 200')) return awaited.reject(new Error(`the server answered ${head.slice(0, 600)}`))
      missing = end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]) - head.length
      head = ''
    }
    if (missing === 0) awaited.resolve()
  })
  socket.on('close', () => awaited.reject(new Error('the server hung up')))
  return {
    get(request) {
      awaited = Promise.withResolvers()
      socket.write(request)
      return awaited.promise
    },
    close: () => socket.destroy(),
  }
}

async function opened(socket: Socket): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('error', reject).once('connect', resolve)
  await promise
  return socket
}
