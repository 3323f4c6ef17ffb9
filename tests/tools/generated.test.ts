/** Generated files are committed, and fresh. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import type { TenantId } from '#contract/ids.ts'
import { withDatabase } from '#tests/support/global-setup.ts'
import { superuser } from '#tests/support/world.ts'
import { GENERATED, generateFrom } from '../../tools/generate-schema.ts'

test('the types of the tables are those of the migrations', async () => {
  const url = withDatabase(inject('postgresUrl'), inject('templateDatabase'))
  const id = await superuser(
    url,
    async (client) => (await client.query("select id from control.tenant where slug = 'acme'")).rows[0].id as TenantId,
  )
  const directory = await mkdtemp(join(tmpdir(), 'sardonyx-generated-'))
  const file = join(directory, 'schema.gen.ts')
  generateFrom(url, id, file)
  expect(await readFile(file, 'utf8'), 'run npm run generate').toBe(await readFile(GENERATED, 'utf8'))
  await rm(directory, { recursive: true })
})
