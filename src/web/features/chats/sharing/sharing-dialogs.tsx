/** The dialogs about who reads a chat, wherever on the page they were asked for. */
import { useQuery } from '@tanstack/react-query'
import type { Chat } from '#contract/chats.ts'
import { useCell } from '#web/kernel/cell.ts'
import { Dialog } from '#web/ui/dialog.tsx'
import { chatQuery } from '../data/chat-list.ts'
import { LeaveQuestion } from './leave-question.tsx'
import { opened } from './opened.ts'
import { ShareForm } from './share-form.tsx'
import { t } from './text.ts'

/** Shows the one that is open. */
export function SharingDialogs() {
  const now = useCell(opened, (value) => value)
  const close = () => opened.set(null)
  if (!now) return null
  if (now.act === 'leave') return <LeaveQuestion chat={now.chat} onDone={close} />
  return <Share chat={now.chat} onDone={close} />
}

function Share({ chat: given, onDone }: { chat: Chat; onDone: () => void }) {
  const chat = useQuery({ ...chatQuery(given.id), initialData: given }).data
  return (
    <Dialog title={t('share.title', { title: chat.description })} open onOpenChange={onDone}>
      <ShareForm chat={chat} onDone={onDone} />
    </Dialog>
  )
}
