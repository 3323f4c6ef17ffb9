/** Letters by SMTP, against a real server that wants TLS and a password, and against ones that fail; and into the operator's folder without. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Invitation } from '#contract/accounts.ts'
import { type Certificate, ownCertificate } from '#server/http/certificate.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { createMailer, type Letter } from '#server/mail/mailer.ts'
import { createWorld, type World } from '#tests/support/world.ts'

const LETTER: Letter = {
  to: 'alice@acme.test',
  subject: 'Grüße, “Alice”',
  text: 'Open this:\n\nhttps://chat.acme.test/reset#a.b\n.\nÜber alles',
}
const [USER, SECRET] = ['sardonyx', 'p@ss/word']

let directory: string
let certificate: Certificate
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sardonyx-mail-'))
  certificate = await ownCertificate(join(directory, 'tls'), systemClock)
})
afterAll(() => rm(directory, { recursive: true }))
const servers: SMTPServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()))
})

interface Taken {
  readonly secure: boolean
  readonly user: string
  readonly from: string
  readonly to: readonly string[]
  readonly content: string
}

/** A mail server that wants a password, over TLS; what it took. */
async function startMailServer(options: SMTPServerOptions = {}) {
  const taken: Taken[] = []
  const server = new SMTPServer({
    key: certificate.key,
    cert: certificate.cert,
    onAuth: ({ username, password }, _, callback) =>
      username === USER && password === SECRET ? callback(null, { user: username }) : callback(new Error('no such user')),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { envelope, secure, user } = session
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        const to = envelope.rcptTo.map(({ address }) => address)
        taken.push({ secure, user: String(user), from, to, content: Buffer.concat(chunks).toString() })
        callback()
      })
    },
    ...options,
  })
  servers.push(server)
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  const url = ({ scheme = 'smtp', secret = SECRET } = {}) => `${scheme}://${USER}:${encodeURIComponent(secret)}@localhost:${port}`
  return { taken, url, port }
}

const mailerOf = (smtpUrl: string | undefined, isTrusted = true) =>
  createMailer(
    {
      smtpUrl,
      smtpCa: isTrusted ? certificate.cert : undefined,
      from: 'Sardonyx <sardonyx@chat.acme.test>',
      folder: join(directory, 'mail'),
    },
    { clock: systemClock },
  )

/** The text of a message as its reader sees it. */
function textOf(content: string): string {
  const [head = '', ...body] = content.split('\r\n\r\n')
  const text = body.join('\r\n\r\n')
  if (/base64/i.test(head)) return Buffer.from(text, 'base64').toString()
  if (!/quoted-printable/i.test(head)) return text
  const bytes = text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}

describe('by SMTP', () => {
  test('a letter goes out under STARTTLS with the password, from us, to its person alone, as it was written', async () => {
    const server = await startMailServer()
    const mailer = mailerOf(server.url())
    await mailer.send(LETTER)
    mailer.close()
    expect(server.taken).toHaveLength(1)
    const [{ content, ...envelope }] = server.taken as [Taken]
    expect(envelope).toEqual({ secure: true, user: USER, from: 'sardonyx@chat.acme.test', to: ['alice@acme.test'] })
    expect(textOf(content).replaceAll('\r\n', '\n').trimEnd()).toBe(LETTER.text)
    expect(content).toContain('From: Sardonyx <sardonyx@chat.acme.test>')
  })

  test('and over TLS from the beginning', async () => {
    const server = await startMailServer({ secure: true })
    await mailerOf(server.url({ scheme: 'smtps' })).send(LETTER)
    expect(server.taken.map(({ secure }) => secure)).toEqual([true])
  })

  test.each<[string, Parameters<typeof startMailServer>[0], (server: Awaited<ReturnType<typeof startMailServer>>) => string, boolean]>([
    ['with a wrong password', {}, (server) => server.url({ secret: 'other' }), true],
    ['whose certificate nobody vouches for', {}, (server) => server.url(), false],
    [
      'that takes nothing',
      { onData: (stream, _, callback) => stream.resume().on('end', () => callback(new Error('full'))) },
      (server) => server.url(),
      true,
    ],
    ['that refuses the sender', { onMailFrom: (_, __, callback) => callback(new Error('who is that')) }, (server) => server.url(), true],
    ['that refuses the address', { onRcptTo: (_, __, callback) => callback(new Error('nobody here')) }, (server) => server.url(), true],
    ['that is not there', {}, ({ port }) => `smtp://localhost:${port === 1 ? 2 : 1}`, true],
  ])('a server %s is a failure, and takes nothing', async (_, options, urlOf, isTrusted) => {
    const server = await startMailServer(options)
    await expect(mailerOf(urlOf(server), isTrusted).send(LETTER)).rejects.toThrow()
    expect(server.taken).toEqual([])
  })

  test('an address is one address, whatever is in it', async () => {
    const server = await startMailServer()
    await mailerOf(server.url())
      .send({ ...LETTER, to: 'alice@acme.test, bob@acme.test' })
      .catch(() => undefined)
    await mailerOf(server.url()).send({ ...LETTER, subject: 'Hello\r\nBcc: bob@acme.test' })
    expect(server.taken.flatMap(({ to }) => to).filter((to) => to !== 'alice@acme.test')).toEqual([])
  })
})

describe('a world with a mail server', () => {
  const worlds: World[] = []
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close()
  })
  const worldWith = async (url: string) => {
    const world = await createWorld({ settings: { 'smtp-url': url, 'smtp-ca-file': join(directory, 'tls/certificate.pem') } })
    worlds.push(world)
    return world
  }
  const linkIn = (content: string) => /https?:\/\/\S+#(\S+)/.exec(textOf(content))?.[1] ?? ''

  test('sends the letters there, and keeps none', async () => {
    const server = await startMailServer()
    const world = await worldWith(server.url())
    expect((await world.call('GET', '/api/status')).body).toMatchObject({ mail: 'smtp' })
    await world.call('POST', '/api/auth/reset', { body: { email: 'alice@acme.test', organisation: 'acme' } })
    await expect.poll(() => server.taken.length).toBe(1)
    const body = { token: linkIn(server.taken[0]!.content), password: 'another horse battery staple' }
    expect((await world.call('POST', '/api/auth/reset/finish', { body })).status).toBe(200)
    expect(await world.mail.all()).toEqual([])
  })

  test('whose letters are refused says so to whoever invites and in the log, without an address; the invitation stays, and a later letter joins', async () => {
    let isUp = false
    const server = await startMailServer({
      onRcptTo: ({ address }, _, callback) => (isUp ? callback() : callback(new Error(`${address} is nobody`))),
    })
    const world = await worldWith(server.url())
    const carol = await world.signIn('carol')
    const invited = await carol.call<Invitation>('POST', '/api/members', { name: 'Erin Vogel', email: 'erin@acme.test' })
    expect([invited.status, invited.body.sent, invited.body.mail]).toEqual([201, false, 'smtp'])
    const line = world.log.lines.find((text) => text.includes('a letter could not be sent'))
    expect(line).toContain('EENVELOPE')
    expect(line).not.toMatch(/erin|acme\.test/)
    isUp = true
    const again = await carol.call<Invitation>('POST', `/api/members/${invited.body.member.id}/invitation`)
    expect(again.body.sent).toBe(true)
    const body = { token: linkIn(server.taken[0]!.content), password: 'another horse battery staple' }
    expect((await world.call('POST', '/api/invitations/accept', { body })).status).toBe(200)
  })

  test('that is away answers who forgot a password as ever, and says in the log what was not sent', async () => {
    const world = await worldWith('smtp://localhost:1')
    const asked = await world.call('POST', '/api/auth/reset', { body: { email: 'alice@acme.test', organisation: 'acme' } })
    expect(asked.status).toBe(204)
    await expect.poll(() => world.log.lines.filter((text) => text.includes('a letter could not be sent')).length).toBe(1)
    expect(world.log.lines.join('\n')).not.toMatch(/alice|reset#/)
  })
})

describe('without a mail server', () => {
  test('letters are whole files that only the operator reads', async () => {
    const folder = join(directory, 'mail')
    const kept: string[] = []
    const mailer = createMailer(
      { smtpUrl: undefined, smtpCa: undefined, from: 'Sardonyx <s@acme.test>', folder },
      { clock: systemClock, onKept: (file) => kept.push(file) },
    )
    await Promise.all(Array.from({ length: 5 }, () => mailer.send(LETTER)))
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    const files = (await readdir(folder)).map((name) => join(folder, name))
    expect(files.sort()).toEqual(kept.sort())
    expect(files).toHaveLength(5)
    for (const file of files) {
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      const content = await readFile(file, 'utf8')
      expect(content).toContain(`To: ${LETTER.to}\n`)
      expect(content.endsWith(`\n\n${LETTER.text}\n`)).toBe(true)
    }
  })

  test('one that cannot be written is a failure, too', async () => {
    const folder = join(directory, 'tls/certificate.pem')
    const mailer = createMailer({ smtpUrl: undefined, smtpCa: undefined, from: 'Sardonyx <s@acme.test>', folder }, { clock: systemClock })
    await expect(mailer.send(LETTER)).rejects.toThrow()
  })
})
