/**
 * Writes src/server/isolation/schema.gen.ts, the tenant tables as Kysely sees them, from a database that the migrations made:
 * `npm run generate`. tests/tools/generated.test.ts fails when it is not fresh.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TenantId } from '#contract/ids.ts'
import { asMigrator, createTenantSchema, migrateControl, transaction } from '#server/isolation/migrations.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { startEmbedded } from '#server/ops/embedded-postgres.ts'

export const GENERATED = fileURLToPath(new URL('../src/server/isolation/schema.gen.ts', import.meta.url))
const CODEGEN = fileURLToPath(new URL('../node_modules/kysely-codegen/dist/cli/bin.js', import.meta.url))

/** Columns whose check constraint is a closed list: PostgreSQL calls them text, the code should not. */
const LISTS = {
  'chat_message.message_type': '"user" | "assistant"',
  'chat_message.status': 'Generated<"complete" | "streaming" | "interrupted" | "stopped" | "failed">',
  'scope_member.role': '"viewer" | "contributor" | "manager" | "owner"',
  'user.role': '"user" | "admin"',
}

/** Writes the types of one tenant's tables to a file. */
export function generateFrom(url: string, tenantId: TenantId, file: string): void {
  const schema = schemaName(tenantId)
  const patterns = ['--default-schema', schema, '--include-pattern', `${schema}.*`, '--exclude-pattern', '*.migration']
  execFileSync(
    process.execPath,
    [CODEGEN, '--dialect', 'postgres', '--url', url, ...patterns, '--overrides', JSON.stringify({ columns: LISTS }), '--out-file', file],
    { stdio: 'pipe' },
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = await mkdtemp(join(tmpdir(), 'sardonyx-generate-'))
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const embedded = await startEmbedded({ dataDir: directory, log, settings: { fsync: 'off' } })
  try {
    const id = '00000000-0000-7000-8000-000000000000' as TenantId
    const before = await readFile(GENERATED, 'utf8')
    await asMigrator({ connectionString: embedded.url }, async (client) => {
      await migrateControl(client, { prefix: 'generate', password: () => 'unused' })
      await transaction(client, () => createTenantSchema(client, { id, slug: 'generate', name: 'generate' }, 'generate'))
    })
    generateFrom(embedded.url, id, GENERATED)
    process.stdout.write((await readFile(GENERATED, 'utf8')) === before ? 'schema.gen.ts was fresh\n' : 'schema.gen.ts was written\n')
  } finally {
    await embedded.stop()
    await rm(directory, { recursive: true })
  }
}
