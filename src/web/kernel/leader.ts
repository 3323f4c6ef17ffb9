/**
 * Of all tabs of a browser one leads: the one that holds a lock. When it is closed another takes over; when it sleeps, as tabs in
 * the background do, the one that is looked at takes the lock away from it.
 */

/** How long the tab that leads may take to say so before it is thought asleep. */
const ANSWER_MS = 1_500
type Word = 'who leads?' | 'I lead'

export interface Leading {
  readonly name: string
  /** Aborts when this tab takes no part any more. */
  readonly over: AbortSignal
  /** What the leader does, until its signal aborts. */
  readonly lead: (signal: AbortSignal) => Promise<void>
  /** Called when another tab leads already. */
  readonly onLed: () => void
}

/** Leads when it is this tab’s turn. Resolves when the part is over or `lead` ended by itself; rejects as `lead` does. */
export async function leadInTurn({ name, over, lead, onLed }: Leading): Promise<void> {
  let current: AbortController | null = null
  const hold = (options: LockOptions): Promise<'led' | 'lost'> => {
    const held = new AbortController()
    const turn = async (lock: Lock | null) => {
      if (!lock) return 'lost'
      current = held
      await lead(AbortSignal.any([over, held.signal]))
      return 'led'
    }
    return navigator.locks
      .request(name, options, turn)
      .catch(asLost)
      .finally(() => {
        if (current === held) current = null
        held.abort()
      })
  }
  const check = doubt({ name, over, isLeading: () => current !== null, take: () => hold({ steal: true }) })
  let outcome = await hold({ ifAvailable: true })
  if (outcome === 'lost' && !over.aborted) onLed()
  while (outcome === 'lost' && !over.aborted) {
    check()
    outcome = await hold({ signal: over })
  }
}

/** A lock that was taken away, or is not waited for any more, comes as an abortion. */
function asLost(error: unknown): 'lost' {
  if (error instanceof DOMException && error.name === 'AbortError') return 'lost'
  throw error
}

interface Doubt extends Pick<Leading, 'name' | 'over'> {
  readonly isLeading: () => boolean
  readonly take: () => Promise<unknown>
}

/** Gives the way to ask whether the leader is awake, and asks whenever this tab comes to be looked at; takes the lead if it is not. */
function doubt({ name, over, isLeading, take }: Doubt): () => void {
  const channel = new BroadcastChannel(`${name}.lead`)
  const say = (word: Word) => channel.postMessage(word)
  let timer: ReturnType<typeof setTimeout> | undefined
  const check = () => {
    clearTimeout(timer)
    if (document.hidden || isLeading()) return
    timer = setTimeout(() => void take(), ANSWER_MS)
    say('who leads?')
  }
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    if (data === 'I lead') clearTimeout(timer)
    else if (isLeading()) say('I lead')
  }
  document.addEventListener('visibilitychange', check, { signal: over })
  over.addEventListener('abort', () => {
    clearTimeout(timer)
    channel.close()
  })
  return check
}
