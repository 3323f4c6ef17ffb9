/** What must hold after a round, whatever broke in it; each breach is a sentence. */
import type { Message } from '#contract/chats.ts'
import { messagesOf, textOf } from '#tests/support/conversation.ts'
import { chatOf } from '#tests/support/world.ts'
import { answerTo } from './provider.ts'
import { insist, type Round, type Thread } from './round.ts'

/** Every breach of a round: what was lost, doubled, changed, left without an end, or shown to somebody else. */
export async function breachesOf(round: Round): Promise<string[]> {
  const { fault, troubles, wrong, threads } = round
  const unexpected = new Set(troubles.filter((trouble) => !fault.troubles.includes(trouble)))
  return [
    ...wrong.map((reply) => `a request was answered ${reply}`),
    ...[...unexpected].map((trouble) => `requests failed: ${trouble}`),
    ...(await Promise.all(threads.map((thread) => promisesBroken(round, thread)))).flat(),
    ...(await wallsBroken(round)),
  ]
}

/** Whether some answer of the round has no end yet. */
export async function isUnsettled(round: Round): Promise<boolean> {
  const all = await Promise.all(round.threads.map((thread) => everyMessage(round, thread)))
  return all.flat().some(({ status }) => status === 'streaming')
}

/** The breaches of what a person was promised about their own questions and answers. */
export async function promisesBroken(round: Round, thread: Thread): Promise<string[]> {
  const messages = await everyMessage(round, thread)
  const byId = new Map(messages.map((message) => [message.id, message]))
  const breaches = thread.questions.flatMap((question) => {
    const { key, text, taken } = question
    const kept = byId.get(taken.questionId)
    const answer = byId.get(taken.answerId)
    const doubles = messages.filter((message) => message.messageType === 'user' && textOf(message).includes(key)).length
    const answers = messages.filter(({ parentId, messageType }) => messageType === 'assistant' && parentId === taken.questionId).length
    return [
      ...(kept && textOf(kept) === text ? [] : [`the question ${key} was taken, and is lost`]),
      ...(doubles <= 1 && answers <= 1 ? [] : [`the question ${key} is there ${doubles} times, with ${answers} answers`]),
      ...(answer?.parentId === taken.questionId ? answerBroken(round, key, answer) : [`the answer to ${key} is lost`]),
    ]
  })
  const held = byId.get(thread.questions[0]!.taken.answerId)
  if (held && !textOf(held).startsWith(thread.seen)) breaches.push(`of “${thread.seen}” only “${textOf(held)}” was kept`)
  if (messages.length > 2 * thread.questions.length) breaches.push('there is more than was asked and answered')
  return breaches
}

function answerBroken({ fault }: Round, key: string, answer: Message): string[] {
  const text = textOf(answer)
  const whole = answerTo(key).join('')
  const failure = answer.parts.find(({ type }) => type === 'failure')
  return [
    ...([...fault.endings, 'streaming', 'complete'].includes(answer.status) ? [] : [`the answer to ${key} is ${answer.status}`]),
    ...(whole.startsWith(text) ? [] : [`the answer to ${key} says what the model did not: “${text}”`]),
    ...(answer.status === 'complete' && text !== whole ? [`the answer to ${key} is not complete: “${text}”`] : []),
    ...((answer.status === 'failed') === (failure !== undefined) ? [] : [`the answer to ${key} is ${answer.status}: ${failure?.type}`]),
  ]
}

/** The breaches of walls between the people of a round. */
async function wallsBroken(round: Round): Promise<string[]> {
  const pairs = round.threads.flatMap((mine) => round.threads.filter((other) => other !== mine).map((theirs) => ({ mine, theirs })))
  const tried = await Promise.all([
    ...pairs.map((pair) => strangersIds(round, pair)),
    ...round.threads.map((thread) => strangersWords(round, thread)),
  ])
  return tried.flat()
}

/** Another's ids, tried in every way: for the one who tries, they do not exist. */
async function strangersIds(round: Round, { mine, theirs }: { mine: Thread; theirs: Thread }): Promise<string[]> {
  const { player, chatId: own } = mine
  const { questionId, answerId } = theirs.questions[0]!.taken
  const send = { text: 'And?', parentId: answerId, model: player.model('brief'), idempotencyKey: crypto.randomUUID() }
  const tries: [method: string, path: string, body?: object][] = [
    ['GET', `/api/chats/${theirs.chatId}`],
    ['GET', `/api/chats/${theirs.chatId}/messages`],
    ['PATCH', `/api/chats/${theirs.chatId}`, { description: 'Mine' }],
    ['POST', `/api/chats/${theirs.chatId}/messages`, { ...send, parentId: null }],
    ['GET', `/api/chats/${theirs.chatId}/generations/${answerId}/events`],
    ['GET', `/api/chats/${own}/generations/${answerId}/events`],
    ['POST', `/api/chats/${theirs.chatId}/generations/${answerId}/stop`],
    ['POST', `/api/chats/${own}/messages`, send],
    ['POST', `/api/chats/${own}/generations`, { questionId }],
  ]
  const breaches = await Promise.all(
    tries.map(async ([method, path, body]) => {
      const { status } = await insist(round, () => player.call(method, path, body))
      return status === 404 ? [] : [`${player.me.user.name} was answered ${status} by ${method} ${path}, which is not theirs`]
    }),
  )
  return breaches.flat()
}

/** What lists and the Librarian say: their own words, and nobody else's. */
async function strangersWords(round: Round, { player, secret, chatId }: Thread): Promise<string[]> {
  const asked = await chatOf(player, { description: 'Search', question: `What is said of ${round.topic}?`, model: 'librarian' })
  const { text: found } = await insist(round, () => player.call('GET', `/api/chats/${asked.chatId}/messages`))
  const { text: list } = await insist(round, () => player.call('GET', '/api/chats?limit=100'))
  const others = round.threads.filter((thread) => thread.chatId !== chatId)
  const shown = others.filter((thread) => [thread.secret, thread.chatId].some((one) => `${found}${list}`.includes(one)))
  return [
    ...shown.map((thread) => `${player.me.user.name} was shown words of ${thread.player.me.user.name}`),
    ...(found.includes(secret) && found.includes(chatId)
      ? []
      : [`the Librarian did not find ${player.me.user.name}’s own words: ${found}`]),
    ...(list.includes(chatId) ? [] : [`${player.me.user.name}’s chat is not in the list`]),
  ]
}

async function everyMessage(round: Round, { player, chatId }: Thread): Promise<Message[]> {
  return messagesOf({ ...player, call: (...request) => insist(round, () => player.call(...request)) }, chatId)
}
