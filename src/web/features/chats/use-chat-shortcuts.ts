/** What the keyboard does in an open chat: to the last answer and the last question of the path that is shown. */
import type { Chat, Message } from '#contract/chats.ts'
import { useShortcut } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import { copy } from '#web/ui/copy.ts'
import { toast } from '#web/ui/toast.ts'
import { asMarkdown } from './answer.tsx'
import { citationsOf, textOf } from './data/parts.ts'
import { stop, type ThreadState } from './use-thread.ts'

/** Listens while the chat is shown; gives what edits the last question, null when there is none. */
export function useChatShortcuts(chat: Chat, thread: ThreadState, onEdit: (question: Message) => void): (() => void) | null {
  const { messages, writing, answerAgain, choose } = thread
  const { mayWrite } = chat
  const answer = messages.findLast(({ messageType }) => messageType === 'assistant')
  const question = messages.findLast(({ messageType }) => messageType === 'user')
  const editLast = question && mayWrite ? () => onEdit(question) : null
  const versions = messages.findLast((message) => message.versions.total > 1)?.versions
  const to = (id: string | null | undefined) => (id ? () => choose(id) : null)
  useShortcut('stop', mayWrite && writing ? () => void stop(writing) : null)
  useShortcut('again', mayWrite && answer && !writing ? () => answerAgain(answer) : null)
  useShortcut('copyAnswer', answer ? () => void copyAnswer(answer, chat) : null)
  useShortcut('editLast', editLast)
  useShortcut('previousVersion', to(versions?.previousId))
  useShortcut('nextVersion', to(versions?.nextId))
  return editLast
}

async function copyAnswer(answer: Message, chat: Chat): Promise<void> {
  if (await copy(asMarkdown(textOf(answer), citationsOf(answer), chat))) toast({ text: t('message.copied') })
}
