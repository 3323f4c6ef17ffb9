/** Model servers on this machine: found, told to the operator, and permitted by nobody but them. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { offerModelServers } from '#server/providers/discovery.ts'
import { createEgress } from '#server/providers/egress.ts'
import { startModelServer } from '#tests/support/model-server.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function listening(answer: RequestListener): Promise<number> {
  const server: Server = createServer(answer)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  open.push({
    close() {
      server.closeAllConnections()
      server.close()
    },
  })
  return (server.address() as AddressInfo).port
}

async function saidOf(...ports: { product: string; port: number }[]): Promise<string[]> {
  const said: string[] = []
  await offerModelServers((text) => said.push(text), ports)
  return said
}

test('one that answers is named with its address, its models and the command that permits it', async () => {
  const port = await listening((_, response) => response.end(JSON.stringify({ object: 'list', data: [{ id: 'llama3.2' }] })))
  expect(await saidOf({ product: 'Ollama', port })).toEqual([
    `Found Ollama at http://127.0.0.1:${port}/v1 (1 model).\nTo let administrators offer it: npm start -- --egress-allow 127.0.0.1:${port}\n`,
  ])
})

test('several are permitted by one command, and what is found stays forbidden until it is given', async () => {
  const servers = [await startModelServer(), await startModelServer()] as const
  open.push(...servers)
  const [text = ''] = await saidOf({ product: 'LM Studio', port: servers[0].port }, { product: 'vLLM', port: servers[1].port })
  const [, places = ''] = /--egress-allow (\S+)/.exec(text) ?? []
  expect(places).toBe(`127.0.0.1:${servers[0].port},127.0.0.1:${servers[1].port}`)
  const guard = createEgress({ allow: [], forbid: [] })
  await expect(guard.check(servers[0].url)).rejects.toThrow()
  const permitted = createEgress({ allow: places.split(','), forbid: [] })
  await permitted.check(servers[0].url)
  open.push(guard, permitted)
})

test('nothing is said where nothing is, and whatever else listens there does not stop the start', async () => {
  const dead = await listening(() => undefined)
  await open.pop()?.close()
  const ports = [
    dead,
    await listening(() => undefined),
    await listening((_, response) => response.end('<h1>Jenkins</h1>')),
    await listening((_, response) => response.end('{"data": "none"}')),
    await listening((_, response) => response.writeHead(404).end('{"data": []}')),
    await listening((_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end()),
    await listening((_, response) => response.end(Buffer.alloc(2_000_000, ' '))),
  ]
  expect(await saidOf(...ports.map((port) => ({ product: 'Something', port })))).toEqual([])
})
