/** The state of an open thread: which path through the tree is shown, what is being written, and what can be done. */
import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { Message } from '#contract/chats.ts'
import { type Model, modelsQuery } from '#web/features/models/queries.ts'
import { call } from '#web/kernel/api.ts'
import { t } from '#web/kernel/text.ts'
import { report } from '#web/ui/report.ts'
import { followAnswer, stopAnswer } from './data/answers.ts'
import { putChat } from './data/chat-list.ts'
import { putMessages } from './data/messages.ts'
import { type Unsent, useUnsent } from './data/outbox.ts'
import { newestLeaf, pathTo, type Tree, toTree } from './data/tree.ts'

export interface ThreadState {
  readonly tree: Tree
  readonly path: readonly Message[]
  readonly unsent: Unsent | undefined
  readonly models: readonly Model[] | undefined
  /** The answer being written at the end of the path. */
  readonly writing: Message | null
  /** Shows the path through this message; null shows the newest. */
  readonly show: (messageId: string | null) => void
  readonly answerAgain: (answer: Message) => void
}

/** Gives the state of the thread of a chat. */
export function useThread(chatId: string, messages: readonly Message[], model: string | null): ThreadState {
  const [through, setThrough] = useState<string | null>(null)
  const models = useQuery(modelsQuery).data
  const tree = useMemo(() => toTree(messages), [messages])
  const unsent = useUnsent(chatId)
  const leaf = useMemo(() => newestLeaf(tree, tree.byId.get(through ?? '') ?? null)?.id ?? null, [tree, through])
  const path = useMemo(() => pathTo(tree, unsent ? unsent.parentId : leaf), [tree, unsent, leaf])
  useEffect(() => {
    for (const message of messages) if (message.status === 'streaming') followAnswer(message)
  }, [messages])
  const last = path.at(-1)
  const answerAgain = useCallback((answer: Message) => void startAgain(answer, model, setThrough), [model])
  return { tree, path, unsent, models, writing: last?.status === 'streaming' ? last : null, show: setThrough, answerAgain }
}

async function startAgain(answer: Message, model: string | null, show: (id: string) => void): Promise<void> {
  if (answer.parentId === null) return
  try {
    const body = { questionId: answer.parentId, ...(model !== null && { model }) }
    const exchange = await call('generations.start', { params: { chatId: answer.chatId }, body })
    putMessages(answer.chatId, [exchange.question, exchange.answer])
    putChat(exchange.chat)
    show(exchange.answer.id)
  } catch (error) {
    report(error)
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
