/**
 * Drafts of questions as this tab has them, under the place where they are written. What is written stays in the tab's storage, so that
 * nothing is lost before the server has it; `keep-drafts.ts` sees to that.
 */
import { cell, useCell } from '#web/kernel/cell.ts'
import { store, storedUnder } from '#web/kernel/stored.ts'

/** What the contract takes as one question. */
export const LONGEST = 100_000

const PREFIX = 'drafts.'

export interface Draft {
  readonly text: string
  /** What a question asked differently follows; undefined for any other. */
  readonly parentId?: string | null | undefined
  /** The server's draft of which this one is a copy or goes on from, by its time; null when it was begun here. */
  readonly version: string | null
  /** Whether the server has yet to hear of it as it is. */
  readonly changed: boolean
}

const NOTHING: Draft = { text: '', version: null, changed: false }

export const drafts = cell<ReadonlyMap<string, Draft>>(new Map())
let owner = ''

/** Brings back what the person has written in this tab. */
export function openDrafts(userId: string): void {
  if (owner === userId) return
  owner = userId
  drafts.set(storedUnder<Draft>(userId, PREFIX))
}

/** Gives the draft of the place. */
export function useDraft(place: string): Draft {
  return useCell(drafts, (all) => all.get(place)) ?? NOTHING
}

/** Takes in what the person has written at the place. */
export function write(place: string, { text, parentId }: Pick<Draft, 'text' | 'parentId'>): void {
  const version = drafts.get().get(place)?.version ?? null
  const changed = text !== '' || version !== null
  putDraft(place, changed || parentId !== undefined ? { text, parentId, version, changed } : null)
}

/** Puts the text in front of what the draft of the place holds. */
export function putInFront(place: string, text: string): void {
  const draft = drafts.get().get(place)
  write(place, { ...draft, text: draft?.text ? `${text}\n\n${draft.text}` : text })
}

/** Has the tab know the draft of the place, or none; what is not written here need not be stored here. */
export function putDraft(place: string, draft: Draft | null, isOurs = true): void {
  const all = new Map(drafts.get())
  if (draft) all.set(place, draft)
  else all.delete(place)
  drafts.set(all)
  store(owner, PREFIX + place, isOurs ? draft : null)
}

/** The names under which this tab stores what the server has not. */
export function onlyHere(): string[] {
  return [...drafts.get()].filter(([, { changed }]) => changed).map(([place]) => PREFIX + place)
}
