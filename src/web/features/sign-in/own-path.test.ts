import { expect, test } from 'vitest'
import { ownPath } from './own-path.ts'

const ORIGIN = 'https://chat.acme.test'

test.each([
  ['/people', '/people'],
  ['/chats/1?all=1#end', '/chats/1?all=1#end'],
  ['people', '/people'],
  [`${ORIGIN}/people`, '/people'],
  ['/people//2', '/people//2'],
])('after signing in %s leads to %s', (next, path) => {
  expect(ownPath(next, { origin: ORIGIN })).toBe(path)
})

test('what stood behind the # is behind it again, and takes nobody elsewhere', () => {
  expect(ownPath('/account/address', { origin: ORIGIN, hash: '#secret' })).toBe('/account/address#secret')
  expect(ownPath('//elsewhere.test/', { origin: ORIGIN, hash: '#//elsewhere.test/' })).toBe('/')
})

test.each([
  undefined,
  '',
  'https://elsewhere.test/',
  'http://chat.acme.test/people',
  'https://chat.acme.test:444/',
  'https://chat.acme.test.elsewhere.test/',
  'https://chat.acme.test@elsewhere.test/',
  '//elsewhere.test/',
  '///elsewhere.test/',
  '/\\elsewhere.test/',
  '\\\\elsewhere.test/',
  '/.//elsewhere.test/',
  '/..//elsewhere.test/',
  '/%2e//elsewhere.test/',
  '/a/..//elsewhere.test/',
  '/.\\/elsewhere.test/',
  '/\t/elsewhere.test/',
  '\n//elsewhere.test/',
  `${ORIGIN}//elsewhere.test/`,
  'javascript:alert(1)',
  'data:text/html,x',
  'https://[',
])('after signing in %j leads nowhere else', (next) => {
  const path = ownPath(next, { origin: ORIGIN })
  expect(new URL(path, ORIGIN).href).toBe(`${ORIGIN}/`)
})
