/** A server process of its own on a given database, so that its processor time is nobody else's. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('server-process.ts', import.meta.url))

export interface ServerOptions {
  /** Instead of encrypting, keep text as it is. For the rows that ask what encryption costs. */
  readonly unsealed?: boolean
  /** Open everything this many times. For the control of those rows. */
  readonly openings?: number
  readonly egressAllow?: string
  readonly redisUrl?: string
  /** Ask Redis each time, keeping nothing near. */
  readonly far?: boolean
  /** Keep 64 KB for every open stream. For the control of the row on idle streams. */
  readonly hoarding?: boolean
  /** How far its clock is ahead. */
  readonly aheadMs?: number
}

export type Settings = ServerOptions & { readonly url: string; readonly keyringDirectory: string }

/** What a server process can be asked besides HTTP. */
export type Question =
  | { readonly kind: 'cpu' }
  | { readonly kind: 'memory' }
  | { readonly kind: 'hash' }
  | { readonly kind: 'sdk'; readonly baseUrl: string; readonly model: string }

export interface ServedBy {
  readonly port: number
  /** Processor time of the process so far, in milliseconds. */
  cpuMs(): Promise<number>
  /** Memory of JavaScript in use after all rubbish was collected, in KB. */
  memoryKb(): Promise<number>
  /** Milliseconds it takes to check a password against its hash there. */
  hashMs(): Promise<number>
  /** Has it ask a model through the AI SDK alone, and answers how many pieces came. */
  askBySdk(of: { baseUrl: string; model: string }): Promise<number>
  stop(): Promise<void>
}

/** Starts one; resolves once it listens. */
export async function startServer(settings: Settings): Promise<ServedBy> {
  const child = fork(PROGRAM, [JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: ['--expose-gc'] })
  const ended = new Promise<never>((_, reject) => child.once('exit', (code) => reject(new Error(`a server process ended with ${code}`))))
  ended.catch(() => undefined)
  const answers: ((value: number) => void)[] = []
  child.on('message', (value: number) => answers.shift()?.(value))
  const next = () => Promise.race([new Promise<number>((resolve) => answers.push(resolve)), ended])
  const ask = (question: Question) => {
    child.send(question)
    return next()
  }
  return {
    port: await next(),
    cpuMs: () => ask({ kind: 'cpu' }),
    memoryKb: () => ask({ kind: 'memory' }),
    hashMs: () => ask({ kind: 'hash' }),
    askBySdk: (of) => ask({ kind: 'sdk', ...of }),
    async stop() {
      child.kill('SIGTERM')
      await ended.catch(() => undefined)
    },
  }
}
