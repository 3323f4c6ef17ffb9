/** What an answer costs on its way through the server. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chat, Message } from '#contract/chats.ts'
import type { Provider } from '#contract/models.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type Client, clientOf, readEvents } from '../client.ts'
import { quantile, type Row, type Stage, summary, takeTurns, timeOf } from '../measure.ts'
import type { ServedBy } from '../server.ts'
import type { World } from '../world.ts'

const isBegun = (text: string) => text.includes('event: delta')

/** A server with a scripted model behind it. */
async function conversing(stage: Stage, name: string) {
  const world = await stage.world()
  const models = await startModelServer()
  const server = await world.serve({ egressAllow: models.allow })
  return { world, models, server, ...(await asker(world, { server, models, name })) }
}

/** Alice, with a way to ask the named model and answer where its answer is. */
export async function asker(world: World, { server, models, name }: { server: ServedBy; models: ModelServer; name: string }) {
  const carol = clientOf(server.port, (await world.signIn('carol')).token)
  const provider = await carol.call<Provider>('POST', '/api/providers', { name: 'Scripted', baseUrl: models.url, models: [name] })
  const { token } = await world.signIn('alice')
  const client = clientOf(server.port, token)
  const newChat = async (by: Client = client): Promise<string> =>
    (await by.call<Chat>('POST', '/api/chats', { model: `${provider.id}:${name}` })).id
  const ask = async (by: Client = client): Promise<string> => askIn(by, await newChat(by))
  return { token, client, newChat, ask }
}

/** Asks in a chat and answers where its answer is. */
export async function askIn(client: Client, chatId: string): Promise<string> {
  const question = { text: 'One two three four five.', parentId: null, idempotencyKey: crypto.randomUUID() }
  const { answer } = await client.call<{ answer: Message }>('POST', `/api/chats/${chatId}/messages`, question)
  return `/api/chats/${chatId}/generations/${answer.id}/events`
}

const firstToken: Row = {
  name: 'added to the first token, p95',
  unit: 'ms',
  goal: { atMost: 5 },
  how: 'From sending a question to the first piece of its answer in the event stream, p95, less the median of the same from the model server alone. The question is stored, and the login and the rights are confirmed, in between.',
  control: 'A reader who follows 10 ms after the question was taken.',
  finding:
    'Seventeen trips to the database became three before the reply and, after it, eight of the writer became one and four of the reader two; queries that come with every question are built once for a tenant. In turns with the server before that, on a machine with four times the work it can do, it took 0.73 of the time by the trips alone, and with the queries 0.59, when the reader had one trip less than now. What is left, in a quiet moment: 1.3 ms to enter and find what has to be known, 3.4 to store it (of which 1.5 go to planning the two functions on the tree anew), 1 to 4 for the commit to reach the disk, 1.5 for the writer to enter and read, about 2 in the SDK that asks the model, and two requests over HTTP.',
  async measure(stage) {
    const { models, client, newChat } = await conversing(stage, 'echo')
    const product = (pauseMs: number) => async () => {
      const chatId = await newChat()
      return timeOf(async () => {
        const path = await askIn(client, chatId)
        if (pauseMs > 0) await sleep(pauseMs)
        await client.read(path, isBegun)
      })
    }
    const body = JSON.stringify({ model: 'echo', stream: true, messages: [{ role: 'user', content: 'One two three four five.' }] })
    const alone = () =>
      timeOf(async () => {
        const reply = await fetch(`${models.url}/chat/completions`, { method: 'POST', body })
        await readEvents(reply, (text) => text.includes('"content"'))
      })
    const rounds = stage.quick ? 20 : 200
    const turns = await takeTurns(rounds, { alone, subject: product(0), control: product(10) })
    await models.close()
    const floor = quantile(turns.alone, 0.5)
    const added = (values: readonly number[]) => values.map((value) => value - floor)
    const { spread } = summary(rounds, { values: added(turns.subject), controls: [] })
    return { value: quantile(turns.subject, 0.95) - floor, control: quantile(turns.control, 0.95) - floor, rounds, spread }
  },
}

const perToken: Row = {
  name: 'processor time per token above the SDK',
  unit: 'µs',
  goal: { atMost: 15 },
  how: 'Processor time of the server process for an answer of 6,000 pieces with one reader, per piece, less the same when that process only consumes the stream through the AI SDK.',
  control: 'Twenty readers of the one answer.',
  finding: 'Pieces that come within 25 ms travel together, so a piece costs the reader next to nothing.',
  async measure(stage) {
    const { models, server, client, ask } = await conversing(stage, 'long')
    let pieces = 0
    const costUs = (work: () => Promise<unknown>) => async () => {
      const beforeMs = await server.cpuMs()
      await work()
      return ((await server.cpuMs()) - beforeMs) * 1_000
    }
    const followed = (readers: number) =>
      costUs(async () => {
        const path = await ask()
        await Promise.all(Array.from({ length: readers }, () => client.read(path)))
      })
    const rounds = stage.quick ? 3 : 11
    const { sdk, subject, control } = await takeTurns(rounds, {
      sdk: costUs(async () => {
        pieces = await server.askBySdk({ baseUrl: models.url, model: 'long' })
      }),
      subject: followed(1),
      control: followed(20),
    })
    await models.close()
    const above = (costs: readonly number[]) => costs.map((cost, i) => (cost - sdk[i]!) / pieces)
    return summary(rounds, { values: above(subject), controls: above(control) })
  },
}

export const streamRows: readonly Row[] = [firstToken, perToken]
