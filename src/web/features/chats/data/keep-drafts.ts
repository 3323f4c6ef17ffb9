/**
 * Has the server keep what is written here, and takes in what was written elsewhere. One request after the other, so that none overtakes
 * another. What is being written here is not replaced: whoever writes last is kept.
 */
import type { Draft as Kept } from '#contract/drafts.ts'
import { call } from '#web/kernel/api.ts'
import { isReached, onRecovery } from '#web/kernel/connection.ts'
import { ApiProblem, isSessionEnd, mayPass, Unreachable } from '#web/kernel/problem.ts'
import { noticeSessionEnd } from '#web/kernel/session.ts'
import { type Draft, drafts, LONGEST, openDrafts, putDraft, putInFront } from './drafts.ts'
import { allUnsent, isFirst, NEW, takeBack } from './outbox.ts'

const PAUSE_MS = 800
const RETRY_MS = 15_000
/** Browsers let a request outlive its page only if it is small. */
const MOST_OUTLIVING = 15_000
const EDIT = '.edit'
/** The version of a draft that was sent, as long as no answer says which it has become. */
const UNKNOWN = ''

type Copy = Pick<Kept, 'text' | 'parentId' | 'timeUpdated'>

let owner = ''
let otherTabs: BroadcastChannel
/** Whether the server may have what this tab has not. */
let isStale = true
let hasHeard = false
let running: Promise<void> | null = null
let timer: ReturnType<typeof setTimeout> | undefined
const refused = new WeakSet<Draft>()

/** Begins to keep the drafts of the person. */
export function keepDrafts(userId: string): void {
  if (owner === userId) return
  owner = userId
  openDrafts(userId)
  otherTabs = new BroadcastChannel(`sardonyx.drafts.${userId}`)
  otherTabs.onmessage = ({ data: [place, copy] }: MessageEvent<[string, Copy | null]>) => {
    hasHeard = true
    takeIn(place, copy)
  }
  drafts.subscribe(soon)
  onRecovery(() => void keepNow())
  document.addEventListener('focusout', () => void keepNow())
  document.addEventListener('visibilitychange', () => {
    isStale ||= document.visibilityState === 'visible'
    void keepNow()
  })
  void keepNow()
}

/** Has all that is written here kept before a sign-out, and with it questions that could not be sent. What is not stays in this tab. */
export async function settleDrafts(userId: string): Promise<void> {
  keepDrafts(userId)
  for (const [place, { state, text }] of allUnsent()) {
    if (state !== 'failed') continue
    takeBack(place)
    putInFront(isFirst(place) ? NEW : place, text)
  }
  // The first may have been under way since before the last word.
  await keepNow()
  await keepNow()
}

function isDue(draft: Draft | undefined): draft is Draft {
  return draft?.changed === true && draft.text.length <= LONGEST && !refused.has(draft)
}

function soon(): void {
  if (timer !== undefined || running || !isReached()) return
  if ([...drafts.get().values()].some(isDue)) timer = setTimeout(() => void keepNow(), PAUSE_MS)
}

function keepNow(): Promise<void> {
  clearTimeout(timer)
  timer = undefined
  running ??= run().finally(() => {
    running = null
    soon()
  })
  return running
}

async function run(): Promise<void> {
  try {
    while (isStale) await look()
    for (const place of drafts.get().keys()) await keep(place)
  } catch (error) {
    // What waits for the server is kept when it is back.
    if (error instanceof Unreachable) return
    if (!(error instanceof ApiProblem)) throw error
    noticeSessionEnd(error)
    timer = setTimeout(() => void keepNow(), RETRY_MS)
  }
}

/** Takes in what the server has, unless another tab has kept something meanwhile: then that may be newer. */
async function look(): Promise<void> {
  hasHeard = false
  const { items } = await call('drafts.list')
  if (hasHeard) return
  isStale = false
  const copies = new Map(items.map((item) => [item.place.replace(owner, NEW), item]))
  for (const [place, { version }] of drafts.get()) if (version !== null && !copies.has(place)) takeIn(place, null)
  for (const [place, copy] of copies) takeIn(place, copy)
}

/** Takes in what was kept elsewhere, or that nothing is there any more. */
function takeIn(place: string, copy: Copy | null): void {
  const all = drafts.get()
  const here = all.get(place)
  if (here?.changed) {
    // Written before it was known that there is one: it goes on from that, as it would have a moment later.
    const isLate = copy && here.version === null && here.text !== copy.text && !place.endsWith(EDIT)
    if (isLate) putDraft(place, { text: `${copy.text}\n\n${here.text}`, version: copy.timeUpdated, changed: true })
  } else if (!copy) {
    putDraft(place, null)
  } else if (here?.version !== copy.timeUpdated && !all.get(place.replace(EDIT, ''))?.changed) {
    const { text, parentId, timeUpdated: version } = copy
    putDraft(place, { text, ...(place.endsWith(EDIT) && { parentId }), version, changed: false }, false)
  }
}

async function keep(place: string): Promise<void> {
  const draft = drafts.get().get(place)
  if (!isDue(draft)) return
  const { text, parentId } = draft
  const isEmpty = text.trim() === ''
  if (isEmpty && draft.version === null) return putDraft(place, { ...draft, changed: false })
  // From here on the server may have it, also when its answer never comes.
  const sent = { ...draft, version: draft.version ?? UNKNOWN }
  putDraft(place, sent)
  const params = { place: place.replace(NEW, owner) }
  const wish = { keepalive: text.length < MOST_OUTLIVING }
  try {
    if (isEmpty) await call('drafts.forget', { params }, wish)
    settle(place, sent, isEmpty ? null : (await call('drafts.keep', { params, body: { text, parentId } }, wish)).timeUpdated)
  } catch (error) {
    if (!(error instanceof ApiProblem) || mayPass(error) || isSessionEnd(error)) throw error
    refused.add(sent)
  }
}

/** Notes what the server has now, unless more was written meanwhile, and tells the other tabs. */
function settle(place: string, sent: Draft, version: string | null): void {
  const now = drafts.get().get(place) ?? sent
  const isDone = now === sent
  const isNothing = isDone && sent.text === '' && sent.parentId === undefined
  putDraft(place, isNothing ? null : { ...now, version, changed: !isDone })
  const { text, parentId = null } = sent
  otherTabs.postMessage([place, version === null ? null : { text, parentId, timeUpdated: version }])
}
