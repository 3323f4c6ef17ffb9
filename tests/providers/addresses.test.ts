/** The egress guard against every spelling of an address that ends where it must not, and the places that are ours alone. */
import { execFileSync } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Failure } from '#server/kernel/failure.ts'
import { databasePlace } from '#server/ops/database-place.ts'
import { createEgress, type Egress, type EgressOptions } from '#server/providers/egress.ts'
import { isPublicAddress } from '#server/providers/public-address.ts'

let server: Server
let port: number
let calls = 0
const open: Egress[] = []

beforeAll(async () => {
  server = createServer((_, response) => {
    calls += 1
    response.end('reached')
  })
  await new Promise<void>((done) => server.listen(0, done))
  port = (server.address() as AddressInfo).port
})
afterEach(async () => {
  expect(calls).toBe(0)
  await Promise.all(open.splice(0).map((egress) => egress.close()))
})
afterAll(() => server.close())

const PUBLIC = async () => [{ address: '93.184.216.34', family: 4 }]
const guard = (options: Partial<EgressOptions> = {}) => {
  const egress = createEgress({ allow: [], forbid: [], ...options })
  open.push(egress)
  return egress
}

async function refused(egress: Egress, url: string): Promise<void> {
  for (const attempt of [() => egress.check(url), () => egress.fetch(url)]) {
    const error = await attempt().then(
      () => `${url} was called`,
      (thrown: unknown) => thrown,
    )
    expect(error instanceof Failure ? error.code : error).toBe('provider.address_refused')
  }
}

describe('an address that nobody permitted', () => {
  const spellings = {
    'IPv4 in other numbers': ['2130706433', '017700000001', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1', '127.1', '127.0.1', '0', '0x0', '00'],
    'the metadata of a cloud': ['169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '[fd00:ec2::254]', '100.100.100.200'],
    'the machine beneath': ['168.63.129.16', '0xa83f8110', '192.0.0.192'],
    'mapped and translated IPv4': [
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:a9fe:a9fe]',
      '[::ffff:0:127.0.0.1]',
      '[::127.0.0.1]',
    ],
    NAT64: ['[64:ff9b::127.0.0.1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b::c0a8:101]', '[64:ff9b::a83f:8110]', '[64:ff9b:1::808:808]'],
    '6to4 and Teredo': ['[2002:7f00:1::]', '[2002:c0a8:101::1]', '[2002:808:808::1]', '[2001:0:4136:e378:8000:63bf:80ff:fffe]'],
    'other networks of IPv6': [
      '[::]',
      '[::1]',
      '[0:0:0:0:0:0:0:1]',
      '[fe80::1]',
      '[fec0::1]',
      '[fd00::1]',
      '[ff02::1]',
      '[100::1]',
      '[3fff::1]',
    ],
    'dots and letters that browsers fold': [
      '127。0。0。1',
      '１２７.0.0.1',
      '①②⑦.⓪.⓪.①',
      'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
      'LOCALHOST',
      'local\u00adhost',
      '%6c%6fcalhost',
    ],
    'trailing dots': ['localhost.', '127.0.0.1.', '169.254.169.254.'],
  }
  test.each(Object.entries(spellings))('%s', async (_, hosts) => {
    for (const host of hosts) await refused(guard(), `https://${host}:${port}/v1`)
  })

  test('zone ids and other things that are no address are no address', async () => {
    for (const host of ['[fe80::1%25lo]', '[::1%25lo]', '[::1%lo]', '127.0.0.1%00', '256.256.256.256', '0x100000000', '1.2.3.4.5']) {
      expect(URL.canParse(`https://${host}/`), host).toBe(false)
    }
    expect(['::1%lo', 'fe80::1%eth0', '2606:4700::1111%eth0', '0x7f.1', '127.1', ' 8.8.8.8'].filter(isPublicAddress)).toEqual([])
  })

  test('a name in letters that look alike is another name, and the refusal spells it out', async () => {
    const lookup = async () => [{ address: '10.0.0.1', family: 4 }]
    await expect(guard({ lookup }).check('https://аpi.openai.com/v1')).rejects.toMatchObject({
      details: { detail: 'No public server of the name xn--pi-6kc.openai.com could be found.' },
    })
    // What is permitted is the name in its own letters.
    await refused(guard({ lookup, allow: [`models.example:${port}`] }), `http://mоdels.example:${port}/`)
  })

  test('names and passwords in the address', async () => {
    for (const credentials of ['me:secret@', 'me@', ':secret@', '%00@', '127.0.0.1:80#@', 'models.example@']) {
      const url = `https://${credentials}127.0.0.1:${port}/`
      await refused(guard({ lookup: PUBLIC }), url)
    }
  })

  test('ports of mail, shells and directories, though the address is public; a gateway’s port is fine', async () => {
    for (const low of [0, 1, 22, 25, 80, 389, 465, 587, 636, 993, 1023]) {
      const egress = guard({ lookup: PUBLIC })
      await expect(egress.check(`https://models.example:${low}/`)).rejects.toThrow(Failure)
      // Some of these fetch itself refuses, before it asks anybody.
      await expect(egress.fetch(`https://models.example:${low}/`)).rejects.toThrow()
    }
    for (const high of [443, 1024, 8443]) await guard({ lookup: PUBLIC }).check(`https://models.example:${high}/`)
    for (const own of [5432, 6379]) await refused(guard(), `https://127.0.0.1:${own}/`)
  })

  test('every IPv4 address is judged alike however it is written', async () => {
    const egress = guard()
    const octet = fc.integer({ min: 0, max: 255 })
    await fc.assert(
      fc.asyncProperty(octet, octet, octet, octet, async (...octets) => {
        const plain = octets.join('.')
        const number = octets.reduce((sum, part) => sum * 256 + part, 0)
        const forms = [String(number), `0x${number.toString(16)}`, octets.map((part) => `0${part.toString(8)}`).join('.')]
        const wrapped = [`[::ffff:${plain}]`, `[64:ff9b::${plain}]`]
        const may = (host: string) =>
          egress.check(`https://${host}/`).then(
            () => true,
            () => false,
          )
        const allowed = await Promise.all([plain, ...forms, ...wrapped].map(may))
        expect(allowed, plain).toEqual(allowed.map(() => isPublicAddress(plain)))
      }),
      { numRuns: 300 },
    )
  })
})

describe('a name that changes its mind', () => {
  test.each(['127.0.0.1', '::1', '::ffff:7f00:1', '0.0.0.0', '::', '64:ff9b::7f00:1'])(
    'public at the check, %s at the call',
    async (address) => {
      const turns = ['93.184.216.34']
      const lookup = async () => [{ address: turns.shift() ?? address, family: address.includes(':') && turns.length === 0 ? 6 : 4 }]
      const egress = guard({ lookup })
      await egress.check(`https://models.example:${port}/`)
      await expect(egress.fetch(`https://models.example:${port}/`)).rejects.toThrow(Failure)
    },
  )
})

describe('our own database and cache, though the operator permits the address', () => {
  const lan = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ address }) => !address.startsWith('fe80'))
    .map(({ address }) => (address.includes(':') ? `[${address}]` : address))
  const here = [
    '127.0.0.1',
    '127.1',
    '127.9.9.9',
    'localhost',
    'localhost.',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    ...lan,
  ]

  test.each(['127.0.0.1', 'localhost', '::1', '[::1]', '0.0.0.0', '127.1', '/var/run/postgresql', '/cloudsql/a:b:c'])(
    'at %s',
    async (own) => {
      const egress = guard({ allow: here.map((host) => `${host}:${port}`), forbid: [{ host: own, port }] })
      for (const host of here) await refused(egress, `http://${host}:${port}/`)
    },
  )

  test('on another machine, by its name, its address and through NAT64', async () => {
    const lookup = PUBLIC
    const places = [
      'db.example',
      'DB.example.',
      'alias.example',
      '93.184.216.34',
      '0x5db8d822',
      '[::ffff:93.184.216.34]',
      '[64:ff9b::93.184.216.34]',
    ]
    for (const own of ['db.example', '93.184.216.34']) {
      for (const allow of [places.map((host) => `${host}:6379`), []]) {
        for (const host of places) await refused(guard({ lookup, allow, forbid: [{ host: own, port: 6379 }] }), `https://${host}:6379/`)
      }
    }
  })

  test('when its own name cannot be resolved, nothing goes to its port', async () => {
    const lookup = (host: string) => (host === 'db.example' ? Promise.reject(new Error('ENOTFOUND')) : PUBLIC())
    const egress = guard({ lookup, forbid: [{ host: 'db.example', port: 6432 }] })
    await expect(egress.check('https://models.example:6432/')).rejects.toThrow(Failure)
    await expect(egress.fetch('https://models.example:6432/')).rejects.toThrow()
    await egress.check('https://models.example:6433/')
  })

  test('is found in the connection string as the driver finds it', () => {
    expect(databasePlace('postgres://u:p@db.example:6432/x')).toEqual({ host: 'db.example', port: 6432 })
    expect(databasePlace('postgres://db.example/x?port=6432&sslmode=require')).toEqual({ host: 'db.example', port: 6432 })
    expect(databasePlace('postgres:///x?host=/var/run/postgresql')).toEqual({ host: '/var/run/postgresql', port: 5432 })
    expect(databasePlace('postgres://%2Fvar%2Frun%2Fpostgresql/x')).toEqual({ host: '/var/run/postgresql', port: 5432 })
    expect(databasePlace('postgres:///x')).toEqual({ host: 'localhost', port: 5432 })
    expect(databasePlace('postgres://[::1]:5433/x')).toEqual({ host: '[::1]', port: 5433 })
  })
})

test('a certificate that nobody vouches for gets no key, whatever the environment of the server says', async () => {
  const [key, cert] = selfSigned()
  const tls = createTlsServer({ key, cert }, (_, response) => {
    calls += 1
    response.end()
  })
  await new Promise<void>((done) => tls.listen(0, '127.0.0.1', done))
  const place = `localhost:${(tls.address() as AddressInfo).port}`
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  const call = guard({ allow: [place] }).fetch(`https://${place}/v1`, { headers: { authorization: 'Bearer secret' } })
  await expect(call).rejects.toMatchObject({ cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } })
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  tls.close()
})

test.each([301, 302, 303, 307, 308])('a redirect (%i) leads nowhere', async (status) => {
  const redirecting = createServer((_, response) => response.writeHead(status, { location: `http://127.0.0.1:${port}/` }).end())
  await new Promise<void>((done) => redirecting.listen(0, '127.0.0.1', done))
  const place = `127.0.0.1:${(redirecting.address() as AddressInfo).port}`
  const egress = guard({ allow: [place, `127.0.0.1:${port}`] })
  const response = await egress.fetch(`http://${place}/v1`, { method: 'POST', body: 'the conversation', redirect: 'follow' })
  expect(response.status).toBe(status)
  redirecting.close()
})

function selfSigned(): [key: string, certificate: string] {
  const made = execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-keyout',
      '-',
      '-out',
      '-',
    ],
    { encoding: 'utf8', stdio: 'pipe' },
  )
  const at = made.indexOf('-----BEGIN CERTIFICATE')
  return [made.slice(0, at), made.slice(at)]
}
