/** The egress guard, over real sockets on loopback and with names whose answers the test decides. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Failure } from '#server/kernel/failure.ts'
import { createEgress, type Egress, type EgressOptions, ResponseTooLarge } from '#server/providers/egress.ts'
import { isLoopback, isPublicAddress } from '#server/providers/public-address.ts'

let server: Server
let port: number
let reply: (response: ServerResponse, url: string) => void
const seen: { url: string; headers: NodeJS.Dict<string | string[]> }[] = []
const open: Egress[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers })
    reply(response, request.url ?? '')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  port = (server.address() as AddressInfo).port
})
afterEach(async () => {
  seen.length = 0
  reply = (response) => response.end('hello')
  await Promise.all(open.splice(0).map((egress) => egress.close()))
})
afterAll(() => server.close())
reply = (response) => response.end('hello')

const guard = (options: Partial<EgressOptions> = {}) => {
  const egress = createEgress({ allow: [], forbid: [], ...options })
  open.push(egress)
  return egress
}
const answers =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(Failure)
  expect((error as Failure).code).toBe('provider.address_refused')
  return (error as Failure).details
}

describe('what the operator permits', () => {
  test('a permitted host and port is reached, over plain http', async () => {
    const egress = guard({ allow: [`127.0.0.1:${port}`] })
    await egress.check(`http://127.0.0.1:${port}/v1`)
    expect(await (await egress.fetch(`http://127.0.0.1:${port}/v1`)).text()).toBe('hello')
  })

  test('the same host on another port is refused, and the sentence names what to set', async () => {
    const egress = guard({ allow: [`127.0.0.1:${port}`] })
    const details = await refusal(egress.check(`http://127.0.0.1:${port - 1}/v1`))
    expect(details.next).toContain(`--egress-allow 127.0.0.1:${port - 1}`)
    await refusal(egress.fetch(`http://127.0.0.1:${port - 1}/v1`))
  })

  test('an entry counts however the address spells the host', async () => {
    const egress = guard({ allow: [`LOCALHOST:${port}`, `127.0.0.1:${port}`] })
    for (const host of ['localhost', 'LOCALHOST.', '127.1', '0x7f000001', '2130706433', '0177.0.0.1']) {
      await egress.check(`http://${host}:${port}`)
    }
  })

  test('an entry that is not host:port stops the start with a sentence', () => {
    for (const entry of ['localhost', 'http://localhost:1', 'localhost:0', 'localhost:70000', 'a b:1', 'u@h:1', '']) {
      expect(() => createEgress({ allow: [entry], forbid: [] })).toThrow('is not host:port')
    }
    createEgress({ allow: ['[::1]:8080', 'gpu-box:8000'], forbid: [] })
  })
})

describe('what nobody permitted', () => {
  test('every spelling of a private, local or special address is refused, and nothing is sent', async () => {
    const egress = guard()
    const hosts = [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '0.0.0.0',
      '10.0.0.1',
      '172.16.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '198.18.0.1',
      '[::1]',
      '[::]',
      '[fe80::1]',
      '[fc00::1]',
      '[fd12:3456::1]',
      '[ff02::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:10.0.0.1]',
      '[::127.0.0.1]',
      '[64:ff9b::10.0.0.1]',
      '[64:ff9b:1::a00:1]',
      '[2002:7f00:1::]',
      '[2001:0:7f00:1::]',
      '[2001:db8::1]',
      'localhost',
      'localhost.',
    ]
    for (const host of hosts) {
      await refusal(egress.check(`https://${host}:${port}/v1`))
      await refusal(egress.fetch(`https://${host}:${port}/v1`))
    }
    expect(seen).toEqual([])
  })

  test('plain http to a public address is refused', async () => {
    await refusal(guard({ lookup: answers('93.184.216.34') }).check('http://models.example/v1'))
  })

  test('public https passes the check', async () => {
    const egress = guard({ lookup: answers('93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946') })
    await egress.check('https://models.example/v1')
  })

  test('a name with one private answer among public ones is refused', async () => {
    await refusal(guard({ lookup: answers('93.184.216.34', '10.0.0.1') }).check('https://models.example'))
    await refusal(guard({ lookup: answers('93.184.216.34', '::1') }).check('https://models.example'))
  })

  test('a name that does not resolve is refused in the same words as a private one', async () => {
    const gone = guard({ lookup: () => Promise.reject(Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' })) })
    const hidden = guard({ lookup: answers('10.0.0.1') })
    expect(await refusal(gone.check('https://db.internal/'))).toEqual(await refusal(hidden.check('https://db.internal/')))
    await refusal(guard({ lookup: answers() }).check('https://models.example'))
  })

  test('other protocols and credentials in the address are refused', async () => {
    const egress = guard({ allow: [`127.0.0.1:${port}`], lookup: answers('93.184.216.34') })
    for (const url of ['ftp://models.example/', 'file:///etc/passwd', 'data:text/plain,x', 'gopher://127.0.0.1:70']) {
      await refusal(egress.check(url))
      await refusal(egress.fetch(url))
    }
    await refusal(egress.check('https://me:secret@models.example/'))
    await refusal(egress.fetch(`http://me@127.0.0.1:${port}/`))
  })
})

describe('a name that changes its mind', () => {
  test('public at the check and private at the call: refused, and nothing is sent', async () => {
    const turns = [['93.184.216.34'], ['127.0.0.1']]
    const egress = guard({ lookup: async () => (turns.shift() ?? []).map((address) => ({ address, family: 4 })) })
    const url = `https://models.example:${port}/v1`
    await egress.check(url)
    await refusal(egress.fetch(url))
    expect(turns).toEqual([])
    expect(seen).toEqual([])
  })

  test('the connection goes to the answer that was checked; no second question is asked', async () => {
    let asked = 0
    const lookup = async () => {
      asked += 1
      return [{ address: '127.0.0.1', family: 4 }]
    }
    const egress = guard({ lookup, allow: [`models.example:${port}`] })
    expect(await (await egress.fetch(`http://models.example:${port}/`)).text()).toBe('hello')
    expect(asked).toBe(1)
    expect(seen[0]?.headers.host).toBe(`models.example:${port}`)
  })
})

describe('our own database and cache', () => {
  const own = (host: string, allowed: string, lookup = answers('127.0.0.1')) =>
    guard({ allow: [`${allowed}:${port}`], forbid: [{ host, port }], lookup })

  test('are refused even where the operator permits them, by any spelling or socket path', async () => {
    await refusal(own('127.0.0.1', '127.0.0.1').fetch(`http://127.0.0.1:${port}/`))
    await refusal(own('localhost', '127.0.0.1').fetch(`http://127.0.0.1:${port}/`))
    await refusal(own('127.0.0.1', 'alias.example').fetch(`http://alias.example:${port}/`))
    await refusal(own('127.0.0.1', '127.0.0.2').fetch(`http://127.0.0.2:${port}/`))
    await refusal(own('127.0.0.1', '0.0.0.0').fetch(`http://0.0.0.0:${port}/`))
    await refusal(own('::1', '127.0.0.1').fetch(`http://127.0.0.1:${port}/`))
    await refusal(own('/var/run/postgresql', '127.0.0.1').fetch(`http://127.0.0.1:${port}/`))
    expect(seen).toEqual([])
  })

  test('a neighbour on another port of the same machine is not meant', async () => {
    const egress = guard({ allow: [`127.0.0.1:${port}`], forbid: [{ host: '127.0.0.1', port: port - 1 }] })
    expect((await egress.fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })
})

describe('replies', () => {
  const allow = () => [`127.0.0.1:${port}`]

  test('a redirect is handed back, not followed', async () => {
    reply = (response) => response.writeHead(307, { location: '/elsewhere' }).end()
    const response = await guard({ allow: allow() }).fetch(`http://127.0.0.1:${port}/v1`, { headers: { authorization: 'Bearer k' } })
    expect(response.status).toBe(307)
    expect(seen.map(({ url }) => url)).toEqual(['/v1'])
  })

  test('no cookie is sent or kept', async () => {
    reply = (response) => response.setHeader('set-cookie', 'a=b').end('x')
    const egress = guard({ allow: allow() })
    for (let i = 0; i < 2; i += 1) await (await egress.fetch(`http://127.0.0.1:${port}/`, { headers: { cookie: 'c=d' } })).text()
    expect(seen.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined])
  })

  test('a body larger than the limit ends in an error, counted after decompression', async () => {
    const egress = guard({ allow: allow(), maxBodyBytes: 10_000 })
    reply = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000)))
    await expect((await egress.fetch(`http://127.0.0.1:${port}/`)).text()).rejects.toThrow(ResponseTooLarge)
    reply = (response) => response.end(Buffer.alloc(9_000, 'a'))
    expect((await (await egress.fetch(`http://127.0.0.1:${port}/`)).text()).length).toBe(9_000)
  })

  test('an event stream has a limit of its own', async () => {
    const egress = guard({ allow: allow(), maxBodyBytes: 10, maxStreamBytes: 1_000 })
    reply = (response, url) =>
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).end(Buffer.alloc(Number(url.slice(1)), 'a'))
    expect((await (await egress.fetch(`http://127.0.0.1:${port}/900`)).text()).length).toBe(900)
    await expect((await egress.fetch(`http://127.0.0.1:${port}/1100`)).text()).rejects.toThrow(ResponseTooLarge)
  })

  test('an aborted call ends', async () => {
    reply = () => undefined
    const work = guard({ allow: allow() }).fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(50) })
    await expect(work).rejects.toThrow()
  })
})

test('public means globally reachable, and nothing unknown is public', () => {
  const yes = ['8.8.8.8', '93.184.216.34', '2606:4700::1111', '64:ff9b::8.8.8.8', '::ffff:8.8.8.8']
  const no = ['10.1.2.3', '100.127.255.255', '240.0.0.1', '::', '::8.8.8.8', '64:ff9b::7f00:1', 'fe80::1%eth0', '4000::1', 'localhost', '']
  expect(yes.filter((address) => !isPublicAddress(address))).toEqual([])
  expect(no.filter(isPublicAddress)).toEqual([])
})

test('this machine is known by name and by address', () => {
  const hosts = [
    'localhost',
    'a.localhost',
    '127.0.0.1',
    '127.9.9.9',
    '[::1]',
    '::1',
    '0.0.0.0',
    '[::ffff:127.0.0.1]',
    'models.example',
    '10.0.0.1',
    '',
  ]
  expect(hosts.filter(isLoopback)).toEqual(hosts.slice(0, 8))
})
