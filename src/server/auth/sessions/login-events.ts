/** What happens to a login, as events for its pages: that it ended and why, and that there is something new to know. */
import type { Actor } from '../../isolation/actor.ts'
import type { StreamEvent } from '../../isolation/route.ts'
import type { SessionEnds } from './session-ends.ts'
import type { WhyEnded } from './why-ended.ts'

interface Sources {
  /** Aborts with a `StreamEnd`. */
  readonly signal: AbortSignal
  readonly ends: SessionEnds
  readonly why: () => Promise<WhyEnded>
}

/** Events until the login ends, which is the last of them, or the reader goes. They are not numbered: one that was missed is looked up. */
export async function* loginEvents(actor: Actor, { signal, ends, why }: Sources): AsyncGenerator<StreamEvent, void, undefined> {
  const news = new Set<'security' | 'me'>()
  let wake: () => void = () => undefined
  const hear = (event: 'security' | 'me') => {
    news.add(event)
    wake()
  }
  const forget = ends.watch(actor, {
    onEnd: () => wake(),
    onNews: () => hear('security'),
    onChanged: () => hear('me'),
  })
  signal.addEventListener('abort', () => wake())
  try {
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      for (const event of news) {
        news.delete(event)
        yield { id: '0', event, data: {} }
      }
      if (!signal.aborted) await woken
    }
    if (signal.reason !== 'login ended') return
    const { reason } = await why()
    // It has not ended: it was restricted, as whoever follows anew is told.
    if (reason !== null) yield { id: '0', event: 'ended', data: { reason } }
  } finally {
    forget()
  }
}
