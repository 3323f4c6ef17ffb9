/** Where questions are written: grows with the text, keeps it as a draft, sends with Enter, and never while a word is being composed. */
import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { Preferences } from '#contract/accounts.ts'
import { hasKeyboard } from '#web/kernel/media.ts'
import { useMe } from '#web/kernel/session.ts'
import { useShortcut } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import { Icon } from '#web/ui/icon.tsx'
import { LONGEST, useDraft, write } from './data/drafts.ts'
import { UNKERNED } from './long-text.ts'

interface ComposerProps {
  /** Under which the draft is kept. */
  place: string
  onSend: (text: string) => void
  /** Stops the answer being written; null when none is. */
  onStop: (() => void) | null
  /** Why nothing can be sent just now, said to whoever tries; null when it can. */
  hold: string | null
  /** Whether the hold is over in a moment: what was tried meanwhile is sent then. */
  isHoldBrief?: boolean
  /** Stands above the text. */
  above?: ReactNode
  /** Stand below the text: the seal, and the model. */
  seal: ReactNode
  model: ReactNode
}

/** The composer; give it a `key` of its place, so that each chat has its own text. */
export function Composer({ place, onSend, onStop, hold, isHoldBrief = false, above, seal, model }: ComposerProps) {
  const { text, parentId } = useDraft(place)
  const setText = (next: string) => write(place, { text: next, parentId })
  const { sendKey } = useMe().user.preferences
  const [tried, setTried] = useState<'waits' | 'held' | null>(null)
  const area = useComposerArea(text)
  const tooLong = text.length > LONGEST
  const nothing = tooLong || text.trim() === ''
  const send = () => {
    setTried(hold === null ? null : isHoldBrief ? 'waits' : 'held')
    if (nothing || hold !== null) return
    setText('')
    onSend(text)
    area.current?.focus()
  }
  useEffect(() => {
    if (tried === 'waits' && hold === null) send()
  })
  const onKeyDown = (event: KeyboardEvent) => {
    if (!sends(event, sendKey)) return
    event.preventDefault()
    send()
  }
  return (
    <form
      className="flex-none px-2.5 pb-[max(10px,env(safe-area-inset-bottom))] desk:px-5 desk:pb-[18px]"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <div className="mx-auto max-w-[740px] rounded-panel border border-control bg-surface pt-3 pr-2.5 pb-2 pl-4 has-[textarea:focus-visible]:border-accent">
        {above}
        <textarea
          ref={area}
          rows={1}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          placeholder={t('composer.placeholder')}
          aria-label={t('composer.label')}
          className={`block max-h-[40dvh] w-full resize-none overflow-y-auto bg-transparent text-message outline-none ${UNKERNED}`}
        />
        {tooLong && (
          <p role="alert" className="mt-1.5 text-small text-danger">
            {t('composer.tooLong', { count: text.length, most: LONGEST })}
          </p>
        )}
        {tried && hold !== null && !tooLong && (
          <p role="status" className="mt-1.5 text-small text-muted">
            {hold}
          </p>
        )}
        <div className="mt-1.5 -ml-1 flex items-center gap-2">
          {seal}
          <span className="flex-1" />
          {model}
          {onStop ? <StopButton onStop={onStop} /> : <SendButton disabled={nothing} />}
        </div>
      </div>
    </form>
  )
}

const ROUND =
  'grid h-11 w-11 flex-none place-items-center rounded-control bg-accent text-accent-ink enabled:hover:bg-accent-strong desk:h-[34px] desk:w-10'

function SendButton({ disabled }: { disabled: boolean }) {
  return (
    <button
      type="submit"
      aria-label={t('composer.send')}
      title={t('composer.send')}
      disabled={disabled}
      className={`${ROUND} disabled:bg-hover disabled:text-muted`}
    >
      <Icon name="up" />
    </button>
  )
}

function StopButton({ onStop }: { onStop: () => void }) {
  return (
    <button type="button" aria-label={t('composer.stop')} title={t('composer.stop')} onClick={onStop} className={ROUND}>
      <Icon name="stop" />
    </button>
  )
}

/**
 * Enter sends where there are keys, if the person hasn’t chosen otherwise; on a touch keyboard it makes a new line, for there is no other
 * way to make one. With Ctrl or Cmd it sends in any case.
 */
function sends(event: KeyboardEvent, sendKey: Preferences['sendKey']): boolean {
  const composing = event.nativeEvent.isComposing || event.keyCode === 229
  if (event.key !== 'Enter' || composing) return false
  return event.ctrlKey || event.metaKey || (sendKey === 'enter' && !event.shiftKey && hasKeyboard())
}

function useComposerArea(text: string) {
  const area = useRef<HTMLTextAreaElement>(null)
  const focus = () => area.current?.focus()
  useShortcut('composer', focus)
  useShortcut('back', focus)
  useEffect(() => {
    if (hasKeyboard()) area.current?.focus()
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    if (!area.current) return
    area.current.style.height = 'auto'
    area.current.style.height = `${area.current.scrollHeight}px`
  }, [text])
  return area
}
