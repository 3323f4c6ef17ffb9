/** What a person thinks of an answer: a thumb, and if they like a note. Nobody else is shown it; it can be changed and taken back. */
import { type FormEvent, useId, useState } from 'react'
import type { Message, Feedback as Said } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { Button, IconButton } from '#web/ui/button.tsx'
import { act } from '#web/ui/deed.ts'
import { INPUT } from '#web/ui/field.tsx'
import { toast } from '#web/ui/toast.ts'
import { t } from './care-text.ts'
import { changeMessage } from './data/messages.ts'

const LONGEST_NOTE = 2_000

/** Keeps it, or takes it back with null; seen at once. */
export function say(message: Message, feedback: Said | null): Promise<boolean> {
  const params = { chatId: message.chatId, messageId: message.id }
  return act<unknown>({
    on: `feedback ${message.id}`,
    show: () => changeMessage(message, { feedback }),
    send: () => {
      if (!feedback) return call('feedback.remove', { params })
      return call('feedback.give', { params, body: { rating: feedback.rating, ...(feedback.note && { note: feedback.note }) } })
    },
    refused: t('feedback.failed'),
  })
}

/** The two thumbs; `onNote` opens the note. */
export function Thumbs({ message, onNote }: { message: Message; onNote: () => void }) {
  const rating = message.feedback?.rating
  const press = async (pressed: 'up' | 'down') => {
    if (rating === pressed) return void (await say(message, null))
    if (await say(message, { rating: pressed, note: message.feedback?.note ?? null })) onNote()
  }
  return (['up', 'down'] as const).map((each) => (
    <IconButton
      key={each}
      icon={each === 'up' ? 'thumbUp' : 'thumbDown'}
      label={t(`feedback.${each}`)}
      aria-pressed={rating === each}
      onClick={() => void press(each)}
      className={rating === each ? 'text-accent! [&_path]:fill-accent-soft' : ''}
    />
  ))
}

/** Below the answer: the note, while it is being written. */
export function FeedbackNote({ message, onDone }: { message: Message; onDone: () => void }) {
  const [note, setNote] = useState(message.feedback?.note ?? '')
  const id = useId()
  const given = message.feedback
  if (!given) return null
  const save = async (event: FormEvent) => {
    event.preventDefault()
    if (!(await say(message, { rating: given.rating, note: note.trim() || null }))) return
    toast({ text: t('feedback.kept') })
    onDone()
  }
  return (
    <form onSubmit={(event) => void save(event)} className="mt-4 max-w-[68ch] rounded-panel border border-line bg-surface p-4 text-base">
      <label htmlFor={id} className="mb-1 block font-medium">
        {t(given.rating === 'up' ? 'feedback.good' : 'feedback.bad')}
      </label>
      <textarea
        id={id}
        rows={3}
        maxLength={LONGEST_NOTE}
        value={note}
        onChange={(event) => setNote(event.target.value)}
        aria-describedby={`${id}-note`}
        className={`${INPUT} resize-y`}
      />
      <p id={`${id}-note`} className="mt-1 mb-3 text-small text-muted">
        {t('feedback.seal')}
      </p>
      <div className="flex gap-2">
        <Button type="submit" look="solid">
          {t('common.save')}
        </Button>
        <Button onClick={onDone}>{t('feedback.noNote')}</Button>
      </div>
    </form>
  )
}
