/** The database of a server that runs already, for an operator's command beside it: found by what it keeps in its data directory. */
import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { EmbeddedRefusal } from './refusal.ts'

/** Lines of PostgreSQL's own `postmaster.pid` (src/include/utils/pidfile.h), counted from 0. */
const [PORT, SOCKET_DIRECTORY, ADDRESS, STATUS] = [3, 4, 5, 7]

/** The superuser's connection string to it. Refuses while it is starting or stopping. */
export async function runningDatabase(dataDir: string): Promise<string> {
  const path = await realpath(dataDir)
  const [password, file] = await Promise.all([
    readFile(join(path, 'superuser-password'), 'utf8').catch(absent),
    readFile(join(path, 'cluster', 'postmaster.pid'), 'utf8').catch(absent),
  ])
  const lines = file.split('\n').map((line) => line.trim())
  if (password === '' || lines[STATUS] !== 'ready')
    throw new EmbeddedRefusal(`The server that holds ${path} is starting or stopping. Try again in a moment.`)
  const place = lines[SOCKET_DIRECTORY]
    ? `localhost:${lines[PORT]}/postgres?host=${encodeURIComponent(lines[SOCKET_DIRECTORY])}`
    : `${lines[ADDRESS]}:${lines[PORT]}/postgres`
  return `postgres://postgres:${password.trim()}@${place}`
}

function absent(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') throw error
  return ''
}
