/** The product as a person starts it: the server's own process, on a data directory of its own. */
import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { MASTER, PREFIX } from './cast.ts'

const MAIN = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url))

export interface ServerProcess {
  readonly pid: number
  /** Where it says that it can be reached. */
  readonly address: string
  /** The setup code it printed; undefined once there is an organisation. */
  readonly setupCode: string | undefined
  /** Everything it has written so far, logs included. */
  output(): string
  /** Sends a signal and resolves with the exit code once it has ended; null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts a server on a free port; rejects with what it wrote when it ends before it is ready. */
export async function startProcess(options: { dataDir: string; args?: string[]; env?: Record<string, string> }): Promise<ServerProcess> {
  const args = [MAIN, 'serve', '--port', '0', '--data-dir', options.dataDir, ...(options.args ?? [])]
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let written = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const ready = new Promise<void>((resolve) => {
    const read = (data: Buffer) => {
      written += data
      if (/(Ready at|Open) http/.test(written)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
  })
  await Promise.race([ready, ended.then((code) => Promise.reject(new Error(`the server ended with ${code}: ${written}`)))])
  return {
    pid: child.pid ?? 0,
    address: /(?:Ready at|Open) (http:\/\/[^\s/]+)/.exec(written)?.[1] ?? '',
    setupCode: /Setup code: (\S+)/.exec(written)?.[1],
    output: () => written,
    end: (signal) => {
      child.kill(signal)
      return ended
    },
  }
}

/** Runs a command of the product on a database of the tests, and resolves when it has ended. */
export async function sardonyx(args: readonly string[], of: { url: string; keyringDirectory: string }) {
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: of.url,
    SARDONYX_MASTER_KEY: MASTER.toString('hex'),
    SARDONYX_ROLE_PREFIX: PREFIX,
    SARDONYX_DATA_DIR: dirname(of.keyringDirectory),
  }
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ])
  return { code, stdout, stderr }
}
