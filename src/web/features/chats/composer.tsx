/** Where questions are written: grows with the text, keeps it as a draft, sends with Enter, and never while a word is being composed. */
import { type ClipboardEvent, type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { Preferences } from '#contract/accounts.ts'
import { hasKeyboard } from '#web/kernel/media.ts'
import { useMe } from '#web/kernel/session.ts'
import { hintOf, isShortcut, useShortcut } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import { Icon } from '#web/ui/icon.tsx'
import { LONGEST, useDraft, write } from './data/drafts.ts'
import { UNKERNED } from './long-text.ts'

/** What can be put in to be shortened there; far more would make every key slow. */
const MOST_TYPED = 2 * LONGEST

interface ComposerProps {
  /** Under which the draft is kept. */
  place: string
  onSend: (text: string) => void
  /** Edits the last question; null when there is none. */
  onEditAbove?: (() => void) | null
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
export function Composer({ place, onSend, onEditAbove = null, onStop, hold, isHoldBrief = false, above, seal, model }: ComposerProps) {
  const { text, parentId } = useDraft(place)
  const setText = (next: string) => write(place, { text: next, parentId })
  const { sendKey } = useMe().user.preferences
  const [tried, setTried] = useState<'waits' | 'held' | null>(null)
  const area = useComposerArea(text)
  const [tooMuch, setTooMuch] = useState(0)
  const warning = warningOf(text.length, tooMuch)
  const nothing = text.length > LONGEST || text.trim() === ''
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
  const onPaste = (event: ClipboardEvent) => {
    const count = event.clipboardData.getData('text').length
    const fits = text.length + count <= MOST_TYPED
    setTooMuch(fits ? 0 : count)
    if (!fits) event.preventDefault()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const act = sends(event, sendKey) ? send : text === '' && isShortcut(event, 'editAbove') ? onEditAbove : null
    if (!act || isComposing(event)) return
    event.preventDefault()
    act()
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
          onChange={(event) => {
            setTooMuch(0)
            setText(event.target.value)
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          placeholder={t('composer.placeholder')}
          aria-label={t('composer.label')}
          className={`block max-h-[40dvh] w-full resize-none overflow-y-auto bg-transparent text-message outline-none ${UNKERNED}`}
        />
        {warning && (
          <p role="alert" className="mt-1.5 text-small text-danger">
            {warning}
          </p>
        )}
        {tried && hold !== null && !warning && (
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

/** What is wrong with the length of the text, or of what could not be put in. */
function warningOf(count: number, tooMuch: number): string | null {
  if (tooMuch > 0) return t('composer.pasteTooLong', { count: tooMuch, most: LONGEST })
  return count > LONGEST ? t('composer.tooLong', { count, most: LONGEST }) : null
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
    <button type="button" aria-label={t('composer.stop')} {...hintOf(t('composer.stop'), 'stop')} onClick={onStop} className={ROUND}>
      <Icon name="stop" />
    </button>
  )
}

/**
 * Enter sends where there are keys, if the person hasn’t chosen otherwise; on a touch keyboard it makes a new line, for there is no other
 * way to make one. With Ctrl or Cmd it sends in any case.
 */
function sends(event: KeyboardEvent, sendKey: Preferences['sendKey']): boolean {
  if (event.key !== 'Enter' || event.shiftKey) return false
  return event.ctrlKey || event.metaKey || (sendKey === 'enter' && hasKeyboard())
}

/** While a word is being composed, keys belong to what composes it. */
function isComposing(event: KeyboardEvent): boolean {
  return event.nativeEvent.isComposing || event.keyCode === 229
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
