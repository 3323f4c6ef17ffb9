/** What the person asked: sent, on its way, or not sent. */
import { memo, type ReactNode } from 'react'
import type { Message, PathMessage } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { Button, IconButton } from '#web/ui/button.tsx'
import { classes } from '#web/ui/class-names.ts'
import { CopyIcon } from '#web/ui/copy-button.tsx'
import { Notice } from '#web/ui/notice.tsx'
import type { Unsent } from './data/outbox.ts'
import { textOf } from './data/parts.ts'
import { kerningOf } from './long-text.ts'
import { MessageFrame, MessageMenu, Versions } from './message-frame.tsx'
import { useOpenChat } from './open-chat.ts'

const BUBBLE = 'bubble rounded-panel border border-line bg-sunken px-4 py-3 whitespace-pre-wrap wrap-anywhere'

interface QuestionProps {
  message: PathMessage
  arrived: boolean
  onChoose: (id: string) => void
  onEdit: (message: Message) => void
}

/** A question that the server has. */
export const Question = memo(function Question({ message, arrived, onChoose, onEdit }: QuestionProps) {
  const text = textOf(message)
  const chat = useOpenChat()
  const author = chat?.owner?.name ?? t('message.you')
  return (
    <MessageFrame id={message.id} author={author} time={message.timeCreated} arrived={arrived}>
      <div className={classes(BUBBLE, kerningOf(text))}>{text}</div>
      <Actions>
        <Versions of={message} onChoose={onChoose} />
        <CopyIcon label={t('message.copyQuestion')} text={() => text} />
        {chat?.mayWrite !== false && <IconButton icon="pencil" label={t('message.edit')} onClick={() => onEdit(message)} />}
        <MessageMenu message={message} />
      </Actions>
    </MessageFrame>
  )
})

function Actions({ children }: { children: ReactNode }) {
  return (
    <div className="mt-0.5 -mb-6 flex items-center justify-end transition-opacity desk:opacity-0 group-hover/message:opacity-100 group-focus-within/message:opacity-100">
      {children}
    </div>
  )
}

interface UnsentProps {
  unsent: Unsent
  onRetry: () => void
  onEdit: () => void
  onDiscard: () => void
}

/** A question that is on its way, or did not arrive. */
export function UnsentQuestion({ unsent, onRetry, onEdit, onDiscard }: UnsentProps) {
  const failed = unsent.state === 'failed'
  return (
    <article aria-label={t('message.you')} className="mb-7 text-message">
      <div
        className={classes(
          BUBBLE,
          kerningOf(unsent.text),
          failed && 'max-h-60 overflow-y-auto',
          failed && !unsent.waits && 'border-danger!',
        )}
      >
        {unsent.text}
      </div>
      {failed && (
        <Notice
          tone={unsent.waits ? 'plain' : 'failed'}
          className="mt-2 text-base"
          action={
            <span className="flex gap-2">
              <Button look="quiet" onClick={onDiscard}>
                {t('message.discardUnsent')}
              </Button>
              <Button onClick={onEdit}>{t('message.editUnsent')}</Button>
              {!unsent.refused && (
                <Button look={unsent.waits ? 'plain' : 'solid'} onClick={onRetry}>
                  {t('common.retry')}
                </Button>
              )}
            </span>
          }
        >
          {unsent.waits ? t('message.waits') : t('message.notSent', { reason: unsent.reason })}
        </Notice>
      )}
    </article>
  )
}
