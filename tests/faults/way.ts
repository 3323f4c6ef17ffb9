/** A way between two parts that can be cut: what goes through it is passed on as it is, to wherever it points at the moment. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Way {
  readonly port: number
  /** From now on, connections lead to this port of loopback. */
  pointAt(port: number): void
  /** Resets every connection there is, on both sides, and answers how many there were. */
  cut(): number
  close(): Promise<void>
}

/** Starts one on a free port of loopback; until it points somewhere, connections break. */
export async function startWay(): Promise<Way> {
  const accepted = new Set<Socket>()
  let target: number | undefined
  const server = createServer((near) => {
    if (target === undefined) return void near.resetAndDestroy()
    const far = connect(target, '127.0.0.1')
    accepted.add(near)
    near.once('close', () => accepted.delete(near))
    join(near, far)
    join(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    const { size } = accepted
    for (const socket of accepted) socket.resetAndDestroy()
    return size
  }
  return {
    port: (server.address() as AddressInfo).port,
    pointAt: (port) => {
      target = port
    },
    cut,
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Passes on what `from` says; a broken end breaks the other. */
function join(from: Socket, to: Socket): void {
  from.pipe(to)
  from.on('error', () => void to.destroy())
  from.once('close', () => from.readableEnded || to.destroy())
}
