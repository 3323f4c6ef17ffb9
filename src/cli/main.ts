/** `sardonyx sign-in` and `sardonyx ask`: the server's API from a terminal. */
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { type SignInReply, signIn } from '#contract/accounts.ts'
import { createChat, followGeneration, sendMessage } from '#contract/chats.ts'
import { giveSecondFactor } from '#contract/factors.ts'
import { call, follow, type Server } from './client.ts'

const HELP = `sardonyx sign-in --email E [--organisation S]    print a token; the password, and a code where one is asked for,
                                                come from standard input
sardonyx ask "a question" [--model M]           ask in a new chat and print the answer

--url U    the server, http://localhost:4700 unless told otherwise; SARDONYX_TOKEN is the token to ask with`

try {
  await run(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function run(args: string[]): Promise<void> {
  const { values, positionals } = understood(args)
  const [command, question] = positionals
  const server: Server = { url: values.url ?? 'http://localhost:4700', token: process.env.SARDONYX_TOKEN }
  if (command === 'sign-in' && values.email !== undefined) return printToken(server, values.email, values.organisation)
  if (command === 'ask' && question !== undefined) return askModel(server, question, values.model)
  throw new Error(HELP)
}

function understood(args: string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({ args, allowPositionals: true, options: { url: text, email: text, organisation: text, model: text } })
  } catch (error) {
    throw new Error(`${(error as Error).message.split('.')[0]}.\n\n${HELP}`, { cause: error })
  }
}

async function printToken(server: Server, email: string, organisation: string | undefined): Promise<void> {
  const input = inputLines()
  try {
    const password = await input.next('Password: ')
    const body = { email, password, deliver: 'token' as const, ...(organisation === undefined ? {} : { organisation }) }
    const reply = await call(server, signIn, { body })
    const finished = reply.state === 'signed_in' ? reply : await secondStep(server, reply, input.next)
    if (finished.state !== 'signed_in') throw new Error('The server asks for one more factor, which this version does not know.')
    process.stdout.write(`${finished.token}\n`)
  } finally {
    input.close()
  }
}

async function secondStep(
  server: Server,
  { ticket, factors }: Extract<SignInReply, { state: 'second_factor' }>,
  ask: (prompt: string) => Promise<string>,
): Promise<SignInReply> {
  if (!factors.code && !factors.recoveryCode)
    throw new Error('You sign in with a passkey, which needs a browser: sign in there and make an API token under Account.')
  const code = await ask(factors.code ? 'Code of your authenticator app, or a recovery code: ' : 'Recovery code: ')
  const isRecoveryCode = /[a-z]|-/i.test(code) || !factors.code
  return call(server, giveSecondFactor, { body: { ticket, deliver: 'token', ...(isRecoveryCode ? { recoveryCode: code } : { code }) } })
}

async function askModel(server: Server, question: string, model: string | undefined): Promise<void> {
  if (server.token === undefined) throw new Error('Set SARDONYX_TOKEN to a token; sardonyx sign-in prints one.')
  const chat = await call(server, createChat, { body: model === undefined ? {} : { model } })
  const chatId = chat.id
  const { answer } = await call(server, sendMessage, {
    params: { chatId },
    body: { text: question, parentId: null, idempotencyKey: randomUUID() },
  })
  let isWhole = false
  for await (const { kind, data } of follow(server, followGeneration, { params: { chatId, generationId: answer.id } })) {
    if (kind === 'delta') process.stdout.write((data as { text: string }).text)
    if (kind !== 'done') continue
    const { message } = data as { message: typeof answer }
    for (const part of message.parts) if (part.type === 'failure') throw new Error(part.sentence)
    isWhole = message.status === 'complete'
  }
  process.stdout.write('\n')
  if (!isWhole) throw new Error(`The answer broke off here. What the server keeps of it is at ${server.url}/chats/${chatId}.`)
}

/** Lines of standard input; not shown while they are typed at a terminal. */
function inputLines(): { next: (prompt: string) => Promise<string>; close: () => void } {
  const { stdin, stderr } = process
  const reader = createInterface({ input: stdin, terminal: stdin.isTTY === true })
  const lines = reader[Symbol.asyncIterator]()
  return {
    async next(prompt) {
      if (stdin.isTTY) stderr.write(prompt)
      const { value, done } = await lines.next()
      if (stdin.isTTY) stderr.write('\n')
      if (done) throw new Error('No password was given.')
      return value
    },
    close: () => reader.close(),
  }
}
