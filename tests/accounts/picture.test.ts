/** Pictures of people: made anew from their pixels, whatever was sent; shown to whom the directory shows their person; nobody else's to change. */
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Me, Member } from '#contract/accounts.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { PIXELS } from '#tests/support/examples.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
let carol: SignedIn
let mallory: SignedIn
let schema: string

beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carol = await world.signIn('carol')
  mallory = await world.signIn('mallory')
  schema = schemaName(alice.me.organisation.id)
})
afterAll(() => world.close())

const show = (person: SignedIn, file: Buffer | string) =>
  person.call<{ version: string }>('POST', '/api/me/picture', { picture: typeof file === 'string' ? file : file.toString('base64') })
const look = (visitor: SignedIn, of: SignedIn, headers?: Record<string, string>) =>
  visitor.call('GET', `/api/members/${of.me.user.id}/picture`, undefined, headers)
const versionOf = async (person: SignedIn) => (await person.call<Me>('GET', '/api/me')).body.user.picture
const plain = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#2a6f97' } })

describe('what is kept', () => {
  const kinds = {
    png: () => plain(300, 200).png().toBuffer(),
    jpeg: () => plain(300, 200).jpeg().toBuffer(),
    webp: () => plain(300, 200).webp().toBuffer(),
    'a picture of one pixel': () => plain(1, 1).png().toBuffer(),
    'a picture with an alpha channel': () =>
      sharp({ create: { width: 9, height: 9, channels: 4, background: { r: 1, g: 2, b: 3, alpha: 0.5 } } })
        .png()
        .toBuffer(),
    'shades of grey in sixteen bits': () => plain(50, 50).toColourspace('grey16').png().toBuffer(),
    'a progressive picture': () => plain(500, 400).jpeg({ progressive: true }).toBuffer(),
  }
  test.each(Object.entries(kinds))('of %s is a square WebP of 256, and nothing else', async (_, make) => {
    expect((await show(alice, await make())).status).toBe(200)
    const { status, headers, bytes } = await look(alice, alice)
    expect([status, headers['content-type']]).toEqual([200, 'image/webp'])
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 256, height: 256 })
  })

  test('holds no metadata: no place, no camera, no profile, no words', async () => {
    const words = 'canary-exif-3f0a'
    const file = await plain(200, 200)
      .withExif({
        IFD0: { Copyright: words, Artist: words, ImageDescription: words },
        IFD3: { GPSLatitude: '52/1 30/1 0/1', GPSLatitudeRef: 'N' },
      })
      .withIccProfile('p3')
      .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><t>${words}</t></x:xmpmeta>`)
      .jpeg()
      .toBuffer()
    const sent = await sharp(file).metadata()
    expect([sent.exif, sent.icc, sent.xmp].map((part) => (part?.length ?? 0) > 0)).toEqual([true, true, true])
    expect(file.includes(words)).toBe(true)
    await show(alice, file)
    const { bytes } = await look(alice, alice)
    const kept = await sharp(bytes).metadata()
    expect([kept.exif, kept.icc, kept.xmp, kept.iptc]).toEqual([undefined, undefined, undefined, undefined])
    expect(bytes!.includes(words)).toBe(false)
  })

  test('stands upright, though what said so is gone', async () => {
    const left = await sharp({ create: { width: 100, height: 100, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer()
    const file = await plain(200, 100)
      .composite([{ input: left, left: 0, top: 0 }])
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    await show(alice, file)
    const { data } = await sharp((await look(alice, alice)).bytes)
      .raw()
      .toBuffer({ resolveWithObject: true })
    const at = (x: number, y: number) => [...data.subarray((y * 256 + x) * 3, (y * 256 + x) * 3 + 3)]
    // Turned by a quarter, the red half is on top.
    expect(at(128, 20)[0]).toBeGreaterThan(200)
    expect(at(128, 236)[0]).toBeLessThan(100)
  })

  test.each([
    ['a page', '<!doctype html><script>canary-appended-77c1</script>'],
    ['an archive', 'PK\x03\x04canary-appended-77c1'],
    ['a program', '<?php echo "canary-appended-77c1"; ?>'],
  ])('drops %s that was appended', async (_, appended) => {
    for (const kind of ['png', 'jpeg', 'webp'] as const) {
      const file = Buffer.concat([await kinds[kind](), Buffer.from(appended, 'latin1')])
      expect([kind, (await show(alice, file)).status]).toEqual([kind, 200])
      expect((await look(alice, alice)).bytes!.includes('canary-appended')).toBe(false)
    }
  })
})

describe('what is refused', () => {
  const frame = (colour: string) =>
    sharp({ create: { width: 20, height: 20, channels: 3, background: colour } })
      .png()
      .toBuffer()
  const moving = async () => sharp([await frame('#f00'), await frame('#0f0')], { join: { animated: true } })
  const refused: Record<string, () => Promise<Buffer>> = {
    words: async () => Buffer.from('this is no picture'),
    'a drawing that could hold scripts': async () =>
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'),
    'a drawing that calls itself a PNG': async () =>
      Buffer.concat([
        Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      ]),
    'a GIF': () => plain(20, 20).gif().toBuffer(),
    'a TIFF': () => plain(20, 20).tiff().toBuffer(),
    'an AVIF': () => plain(20, 20).avif().toBuffer(),
    'a moving WebP': async () => (await moving()).webp().toBuffer(),
    'a PNG that says it moves': async () => {
      const file = await plain(20, 20).png().toBuffer()
      const at = file.indexOf('IDAT') - 4
      const chunk = Buffer.concat([Buffer.from([0, 0, 0, 8]), Buffer.from('acTL'), Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]), Buffer.alloc(4)])
      return Buffer.concat([file.subarray(0, at), chunk, file.subarray(at)])
    },
    'a PNG that was cut off': async () => half(await noise(200).png().toBuffer()),
    'a JPEG that was cut off': async () => half(await noise(200).jpeg().toBuffer()),
    'a WebP that was cut off': async () => half(await noise(200).webp().toBuffer()),
    'a head without a body': async () => Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    'the first bytes of a JPEG': async () => Buffer.from([0xff, 0xd8, 0xff]),
    'a small file of very many pixels': () => plain(5_000, 4_000).png({ compressionLevel: 9 }).toBuffer(),
    'a small file that claims 65,000 by 65,000': async () => {
      const file = await plain(20, 20).png().toBuffer()
      file.writeUInt32BE(65_000, 16)
      file.writeUInt32BE(65_000, 20)
      return file
    },
  }
  const half = (file: Buffer) => file.subarray(0, file.length / 2)
  function noise(side: number) {
    const pixels = Buffer.from(Array.from({ length: side * side * 3 }, (_, at) => (at * 7_919 + (at >> 3) * 104_729) & 0xff))
    return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
  }

  test.each(Object.entries(refused))('%s, and the picture before it stays', async (_, make) => {
    const { version } = (await show(alice, PIXELS)).body
    const file = await make()
    expect(file.length).toBeLessThan(700_000)
    const answer = await show(alice, file)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'picture.unreadable'])
    expect(await versionOf(alice)).toBe(version)
  })

  test('what is no base64, and what is too large for a request', async () => {
    for (const picture of ['', '<svg/>', 'data:image/png;base64,AAAA', `${PIXELS}!`, 7, null])
      expect((await alice.call('POST', '/api/me/picture', { picture })).status).toBe(400)
    expect((await show(alice, Buffer.alloc(760_000))).status).toBe(413)
  })

  test('to a login that is over, and to an API token', async () => {
    const token = (await alice.call<{ token: string }>('POST', '/api/me/tokens', { name: 'T', abilities: ['read', 'chat'], days: 1 })).body
      .token
    const headers = { authorization: `Bearer ${token}` }
    const answer = await world.call('POST', '/api/me/picture', { body: { picture: PIXELS }, headers })
    expect([answer.status, codeOf(answer)]).toEqual([403, 'token.not_enough'])
    expect((await world.call('GET', `/api/members/${alice.me.user.id}/picture`, { headers })).status).toBe(200)
    expect((await world.call('POST', '/api/me/picture', { body: { picture: PIXELS } })).status).toBe(401)
  })
})

test('twenty at once are all made, or refused, one person’s beside another’s; one of each person’s is kept', async () => {
  const large = await sharp({ create: { width: 3_000, height: 3_000, channels: 3, background: '#123456' } })
    .jpeg()
    .toBuffer()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, at) => show(at % 2 ? alice : bob, at % 5 === 4 ? Buffer.from('no picture') : large)),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, (_, at) => (at % 5 === 4 ? 400 : 200)))
  const versions = answers.filter(({ status }) => status === 200).map(({ body }) => body.version)
  expect(new Set(versions).size).toBe(16)
  for (const person of [alice, bob]) {
    expect(versions).toContain(await versionOf(person))
    expect((await look(carol, person)).status).toBe(200)
  }
  const { rows } = await world.sql<{ count: number }>(`select count(*)::int as count from ${schema}.picture where user_id = any($1)`, [
    [alice.me.user.id, bob.me.user.id],
  ])
  expect(rows).toEqual([{ count: 2 }])
})

describe('who sees it', () => {
  const withoutId = ({ status, text, headers }: Answer) => ({
    status,
    text: text.replace(/"requestId":"[^"]+"/, ''),
    type: headers['content-type'],
    cache: headers['cache-control'],
  })

  test('everyone of the organisation, and nobody of another: for them it is as if there were no such person', async () => {
    await show(alice, PIXELS)
    for (const visitor of [alice, bob, carol]) expect((await look(visitor, alice)).status).toBe(200)
    await carol.call('DELETE', '/api/me/picture')
    const foreign = await look(mallory, alice)
    const never = await mallory.call('GET', `/api/members/${crypto.randomUUID()}/picture`)
    const without = await look(bob, carol)
    expect(withoutId(foreign)).toEqual(withoutId(never))
    expect(withoutId(without)).toEqual(withoutId(await bob.call('GET', `/api/members/${crypto.randomUUID()}/picture`)))
    expect([foreign.status, codeOf(foreign), codeOf(without)]).toEqual([404, 'picture.not_found', 'picture.not_found'])
  })

  test.each(['shared', 'everyone'])('exactly those whom the directory shows the person: %s', async (directory) => {
    const people = [alice, bob, carol]
    for (const person of people) await show(person, PIXELS)
    await world.sql(`update ${schema}.login_policy set directory = $1`, [directory])
    for (const visitor of people) {
      const { items } = (await visitor.call<{ items: Member[] }>('GET', '/api/members')).body
      const isListed = ({ me }: SignedIn) => items.some(({ id }) => id === me.user.id)
      for (const person of people) expect((await look(visitor, person)).status).toBe(isListed(person) ? 200 : 404)
    }
  })

  test('nobody, of somebody who is suspended', async () => {
    await show(bob, PIXELS)
    expect((await look(alice, bob)).status).toBe(200)
    await world.sql(`update ${schema}."user" set status = 'suspended' where id = $1`, [bob.me.user.id])
    const answer = await look(alice, bob)
    await world.sql(`update ${schema}."user" set status = 'active' where id = $1`, [bob.me.user.id])
    expect(codeOf(answer)).toBe('picture.not_found')
  })

  test('the list of people says which there is, and of whom', async () => {
    const { version } = (await show(alice, PIXELS)).body
    await carol.call('DELETE', '/api/me/picture')
    const { items } = (await bob.call<{ items: Member[] }>('GET', '/api/members')).body
    const pictures = Object.fromEntries(items.map(({ name, picture }) => [name, picture]))
    expect(pictures).toMatchObject({ 'Alice Moreau': version, 'Carol Lindqvist': null })
    expect(await versionOf(alice)).toBe(version)
  })
})

test('a browser that has it is told that it is still the same, until it is another or gone', async () => {
  const { version } = (await show(alice, PIXELS)).body
  const first = await look(bob, alice)
  expect(first.headers).toMatchObject({ etag: `"${version}"`, 'cache-control': 'private, no-cache' })
  const again = await look(bob, alice, { 'if-none-match': `"${version}"` })
  expect([again.status, again.text]).toEqual([304, ''])
  expect((await look(mallory, alice, { 'if-none-match': `"${version}"` })).status).toBe(404)
  await show(alice, await plain(40, 40).png().toBuffer())
  const other = await look(bob, alice, { 'if-none-match': `"${version}"` })
  expect([other.status, other.headers.etag === first.headers.etag]).toEqual([200, false])
  expect((await alice.call('DELETE', '/api/me/picture')).status).toBe(204)
  expect((await look(bob, alice, { 'if-none-match': String(other.headers.etag) })).status).toBe(404)
  expect(await versionOf(alice)).toBeNull()
  expect((await alice.call('DELETE', '/api/me/picture')).status).toBe(204)
})

test('nobody removes or replaces somebody else’s, whatever they send along', async () => {
  const { version } = (await show(alice, PIXELS)).body
  for (const visitor of [bob, carol, mallory]) {
    await show(visitor, PIXELS)
    expect((await visitor.call('POST', '/api/me/picture', { picture: PIXELS, userId: alice.me.user.id })).status).toBe(400)
    expect((await visitor.call('DELETE', '/api/me/picture')).status).toBe(204)
    expect((await visitor.call('DELETE', `/api/members/${alice.me.user.id}/picture`)).status).toBe(404)
  }
  expect(await versionOf(alice)).toBe(version)
})

test('in the database it is sealed for its person: the same picture is other bytes, and none of it opens as somebody else’s', async () => {
  await show(alice, PIXELS)
  await show(bob, PIXELS)
  const { bytes } = await look(alice, alice)
  const stored = async (of: SignedIn) =>
    (await world.sql<{ content: Buffer }>(`select content from ${schema}.picture where user_id = $1`, [of.me.user.id])).rows[0]!.content
  const [hers, his] = [await stored(alice), await stored(bob)]
  expect(hers.includes(bytes!.subarray(30, 60))).toBe(false)
  expect(hers.equals(his)).toBe(false)
  await world.sql(`update ${schema}.picture set content = $1 where user_id = $2`, [hers, bob.me.user.id])
  expect((await look(bob, bob)).status).toBe(500)
})
