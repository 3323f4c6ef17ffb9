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
  expect(ownPath(next, ORIGIN)).toBe(path)
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
  const path = ownPath(next, ORIGIN)
  expect(new URL(path, ORIGIN).href).toBe(`${ORIGIN}/`)
})
