/** The state of an open thread: the branch that is shown, what is being written, and what can be done. */
import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo } from 'react'
import type { Message, PathMessage } from '#contract/chats.ts'
import { type Model, modelsQuery, noticeModelGone } from '#web/features/models/queries.ts'
import { call } from '#web/kernel/api.ts'
import { newKey } from '#web/kernel/new-key.ts'
import { t } from '#web/kernel/text.ts'
import { report } from '#web/ui/report.ts'
import { followAnswer, stopAnswer } from './data/answers.ts'
import { type Branch, depthOf } from './data/branch.ts'
import { putChat } from './data/chat-list.ts'
import { putExchange, showAround } from './data/messages.ts'
import { type Unsent, useUnsent } from './data/outbox.ts'

export interface ThreadState {
  readonly branch: Branch
  /** How many messages of the branch are shown: all, or those before a question on its way. */
  readonly count: number
  /** Those of them that were fetched, in their order. */
  readonly messages: readonly PathMessage[]
  readonly unsent: Unsent | undefined
  readonly models: readonly Model[] | undefined
  /** The answer being written at the end of the branch. */
  readonly writing: Message | null
  /** Chooses the branch through this message: it is the one that is shown from now on, on every device. */
  readonly choose: (messageId: string) => void
  readonly answerAgain: (answer: Message) => void
}

/** Gives the state of the thread of a chat. */
export function useThread(chatId: string, branch: Branch, model: string | null): ThreadState {
  const models = useQuery(modelsQuery).data
  const unsent = useUnsent(chatId)
  const count = unsent ? countBefore(branch, unsent.parentId) : branch.total
  const messages = useMemo(
    () => [...branch.at.values()].filter(({ depth }) => depth < count).sort((a, b) => a.depth - b.depth),
    [branch, count],
  )
  useEffect(() => {
    for (const message of messages) if (message.status === 'streaming') followAnswer(message)
  }, [messages])
  const last = branch.at.get(count - 1)
  const choose = useCallback((messageId: string) => void show(chatId, messageId), [chatId])
  const answerAgain = useCallback((answer: Message) => void startAgain(answer, model), [model])
  return { branch, count, messages, unsent, models, writing: last?.status === 'streaming' ? last : null, choose, answerAgain }
}

/** How many messages lead to what follows this one. */
function countBefore(branch: Branch, parentId: string | null): number {
  if (parentId === null) return 0
  return (depthOf(branch, parentId) ?? branch.total - 1) + 1
}

async function show(chatId: string, messageId: string): Promise<void> {
  try {
    await Promise.all([showAround(chatId, messageId), call('branches.show', { params: { chatId }, body: { messageId } })])
  } catch (error) {
    report(error)
  }
}

async function startAgain(answer: Message, model: string | null): Promise<void> {
  if (answer.parentId === null) return
  try {
    const body = { questionId: answer.parentId, idempotencyKey: newKey(), ...(model !== null && { model }) }
    const exchange = await call('generations.start', { params: { chatId: answer.chatId }, body })
    putExchange(answer.chatId, exchange)
    putChat(exchange.chat)
  } catch (error) {
    report(error)
    noticeModelGone(error)
  }
}

/** Stops an answer, or says why that failed. */
export async function stop(answer: Message): Promise<void> {
  try {
    await stopAnswer(answer)
  } catch (error) {
    report(error, t('composer.stopFailed'))
  }
}
