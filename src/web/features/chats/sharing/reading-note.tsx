/** What stands in the place of the composer for somebody with whom the chat is only shared. */
import type { Chat } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { Button } from '#web/ui/button.tsx'
import { ChatSeal } from '../chat-seal.tsx'
import { opened } from './opened.ts'

/** Says whose chat it is, and offers to leave it. */
export function ReadingNote({ chat, earlier }: { chat: Chat; earlier: readonly string[] }) {
  return (
    <div className="flex-none px-2.5 pb-[max(10px,env(safe-area-inset-bottom))] desk:px-5 desk:pb-[18px]">
      <div className="mx-auto flex max-w-[740px] flex-wrap items-center gap-x-4 gap-y-2 rounded-panel border border-line bg-surface px-4 py-3">
        <p className="min-w-0 flex-[1_1_16rem]">{t('shared.note', { name: chat.owner?.name ?? '' })}</p>
        <ChatSeal chat={chat} model={chat.model} earlier={earlier} />
        <Button icon="out" onClick={() => opened.set({ chat, act: 'leave' })}>
          {t('chats.leave')}
        </Button>
      </div>
    </div>
  )
}
