/** What the keyboard does in an open chat: to the last answer and the last question of the path that is shown. */
import type { Message } from '#contract/chats.ts'
import { useShortcut } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import { copy } from '#web/ui/copy.ts'
import { toast } from '#web/ui/toast.ts'
import { asMarkdown } from './answer.tsx'
import { citationsOf, textOf } from './data/parts.ts'
import { stop, type ThreadState } from './use-thread.ts'

/** Listens while the chat is shown; gives what edits the last question, null when there is none. */
export function useChatShortcuts(thread: ThreadState, onEdit: (question: Message) => void): (() => void) | null {
  const { messages, writing, answerAgain, choose } = thread
  const answer = messages.findLast(({ messageType }) => messageType === 'assistant')
  const question = messages.findLast(({ messageType }) => messageType === 'user')
  const editLast = question ? () => onEdit(question) : null
  const versions = messages.findLast((message) => message.versions.total > 1)?.versions
  const to = (id: string | null | undefined) => (id ? () => choose(id) : null)
  useShortcut('stop', writing && (() => void stop(writing)))
  useShortcut('again', answer && !writing ? () => answerAgain(answer) : null)
  useShortcut('copyAnswer', answer ? () => void copyAnswer(answer) : null)
  useShortcut('editLast', editLast)
  useShortcut('previousVersion', to(versions?.previousId))
  useShortcut('nextVersion', to(versions?.nextId))
  return editLast
}

async function copyAnswer(answer: Message): Promise<void> {
  if (await copy(asMarkdown(textOf(answer), citationsOf(answer)))) toast({ text: t('message.copied') })
}
