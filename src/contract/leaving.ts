/** Taking everything of one's own along, and leaving: an account that is to be erased, until then and after it. */
import { z } from 'zod'
import { Email, Leaving } from './accounts.ts'
import { endpoint, PageQuery, page, Time } from './endpoint.ts'
import { ExportId, UserId } from './ids.ts'

/** For how many days an account stays as it is after its person asked to be erased. */
export const UNDO_DAYS = 14

export const Export = z.strictObject({
  id: ExportId,
  state: z
    .enum(['waiting', 'running', 'ready', 'failed', 'stopped', 'removed'])
    .describe('`stopped`: its person may not export any more, or the login that asked for it was ended'),
  done: z.number().int().describe('how many things are written, such as messages'),
  total: z.number().int().describe('of how many, as counted when it began; 0 until then'),
  bytes: z.number().int().describe('how large the archive is so far'),
  timeCreated: Time,
  finishedAt: Time.nullable(),
  expiresAt: Time.describe('when it is removed by itself'),
})
export type Export = z.infer<typeof Export>

const OfExport = z.strictObject({ exportId: ExportId })

export const createExport = endpoint({
  id: 'exports.create',
  method: 'POST',
  path: '/api/me/exports',
  summary: 'Begin to put everything of one’s own into one archive; one at a time, five a day',
  access: 'user',
  work: 'door',
  proof: true,
  status: 202,
  reply: Export,
  fails: ['export.running', 'export.too_many'],
})

export const listExports = endpoint({
  id: 'exports.list',
  method: 'GET',
  path: '/api/me/exports',
  summary: 'One’s exports of the last days, the latest first, and how far they are',
  access: 'user',
  work: 'read',
  // The page looks every second while one is being written.
  activity: false,
  reply: z.strictObject({ items: z.array(Export) }),
})

export const downloadExport = endpoint({
  // It is written down, so that nobody else's page makes a browser do it.
  id: 'exports.download',
  method: 'POST',
  path: '/api/me/exports/:exportId/archive',
  summary: 'The archive of an export that is ready, as a ZIP',
  access: 'user',
  work: 'none',
  proof: true,
  params: OfExport,
  bytes: ['application/zip'],
  fails: ['export.not_found', 'export.not_ready'],
})

export const removeExport = endpoint({
  id: 'exports.remove',
  method: 'DELETE',
  path: '/api/me/exports/:exportId',
  summary: 'Remove an export now; one that is being written ends',
  access: 'user',
  work: 'write',
  status: 204,
  params: OfExport,
  fails: ['export.not_found'],
})

export const askDeletion = endpoint({
  id: 'deletion.ask',
  method: 'POST',
  path: '/api/me/deletion',
  summary: `Delete one’s account: all other logins end, and after ${UNDO_DAYS} days everything is erased unless it is undone`,
  access: 'user',
  work: 'door',
  proof: true,
  body: z.strictObject({ email: Email.describe('one’s own address, so that nobody does this by a slip') }),
  reply: Leaving,
  fails: ['deletion.wrong_address', 'deletion.last_administrator'],
})

export const undoDeletion = endpoint({
  id: 'deletion.undo',
  method: 'DELETE',
  path: '/api/me/deletion',
  summary: 'Keep the account after all',
  access: 'user',
  work: 'door',
  status: 204,
})

export const Erasure = z.strictObject({
  userId: UserId.describe('of a person of whom nothing else is left'),
  by: z.enum(['self', 'operator']),
  state: z.enum(['asked', 'running', 'done']),
  askedAt: Time,
  dueAt: Time,
  keyDestroyedAt: Time.nullable().describe('from then on nobody can read anything of theirs that is in the database'),
  doneAt: Time.nullable(),
  counts: z.record(z.string(), z.number().int()).describe('how many rows were removed, by kind'),
  letters: z.number().int().describe('how many letters to or about them were removed from the server’s folder'),
  lettersLeft: z.number().int().describe('how often something in that folder could not be looked into or removed; the log says why'),
  backupsUntil: Time.nullable().describe('until when a backup may still hold the key; null when the operator has not said'),
})
export type Erasure = z.infer<typeof Erasure>

export const listErasures = endpoint({
  id: 'erasures.list',
  method: 'GET',
  path: '/api/erasures',
  summary: 'Accounts that are to be erased, and reports of those that were, the latest first',
  access: 'admin',
  work: 'read',
  query: PageQuery,
  reply: page(Erasure),
  fails: ['cursor.invalid'],
})
