/** What the keyboard does in an open chat: to the last answer and the last question of the path that is shown. */
import type { Message } from '#contract/chats.ts'
import { useShortcut } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import { copy } from '#web/ui/copy.ts'
import { toast } from '#web/ui/toast.ts'
import { asMarkdown } from './answer.tsx'
import { citationsOf, textOf } from './data/parts.ts'
import { versions } from './data/tree.ts'
import { stop, type ThreadState } from './use-thread.ts'

/** Listens while the chat is shown; gives what edits the last question, null when there is none. */
export function useChatShortcuts(thread: ThreadState, onEdit: (question: Message) => void): (() => void) | null {
  const { path, tree, writing, answerAgain, show } = thread
  const answer = path.findLast(({ messageType }) => messageType === 'assistant')
  const question = path.findLast(({ messageType }) => messageType === 'user')
  const editLast = question ? () => onEdit(question) : null
  const branching = path.findLast((message) => versions(tree, message).length > 1)
  const step = (by: 1 | -1) => {
    const all = branching ? versions(tree, branching) : []
    const next = all[all.findIndex(({ id }) => id === branching?.id) + by]
    return next ? () => show(next.id) : null
  }
  useShortcut('stop', writing && (() => void stop(writing)))
  useShortcut('again', answer && !writing ? () => answerAgain(answer) : null)
  useShortcut('copyAnswer', answer ? () => void copyAnswer(answer) : null)
  useShortcut('editLast', editLast)
  useShortcut('previousVersion', step(-1))
  useShortcut('nextVersion', step(1))
  return editLast
}

async function copyAnswer(answer: Message): Promise<void> {
  if (await copy(asMarkdown(textOf(answer), citationsOf(answer)))) toast({ text: t('message.copied') })
}
