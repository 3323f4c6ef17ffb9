/** Short names of organisations. */
import { expect, test } from 'vitest'
import { slugOf } from './tenants.ts'

test.each([
  ['Müller & Söhne Bau', 'muller-sohne-bau'],
  ['Ångström  Café', 'angstrom-cafe'],
  ['株式会社', 'main'],
])('the short name of %s is %s', (name, slug) => {
  expect(slugOf(name)).toBe(slug)
})
