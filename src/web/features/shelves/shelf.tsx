/** A list of chats of which some can be chosen: by box, a stretch of them with Shift, or all that are shown. */
import { type ReactNode, useState } from 'react'
import type { Chat } from '#contract/chats.ts'
import { Panel } from '#web/ui/frame.tsx'
import { t } from './text.ts'

interface ShelfProps {
  chats: readonly Chat[]
  about: (chat: Chat) => string
  /** What can be done to one chat. */
  actions: (chat: Chat) => ReactNode
  /** What can be done to the chosen ones; `done` chooses none any more. */
  many: (chosen: readonly Chat[], done: () => void) => ReactNode
}

export function Shelf({ chats, about, actions, many }: ShelfProps) {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  const [anchor, setAnchor] = useState(-1)
  const chosen = chats.filter(({ id }) => ids.has(id))
  const choose = (index: number, isOn: boolean, stretch: boolean) => {
    const from = stretch && anchor >= 0 ? Math.min(anchor, index) : index
    const to = stretch && anchor >= 0 ? Math.max(anchor, index) : index
    const next = new Set(ids)
    for (const { id } of chats.slice(from, to + 1)) {
      if (isOn) next.add(id)
      else next.delete(id)
    }
    setIds(next)
    setAnchor(index)
  }
  const all = chosen.length === chats.length
  return (
    <>
      <div className="mb-2 flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 pl-4">
        <label className="flex min-h-11 items-center gap-3 desk:min-h-[34px]">
          <input
            type="checkbox"
            aria-label={t('shelf.chooseAll')}
            checked={all}
            onChange={() => setIds(all ? new Set() : new Set(chats.map(({ id }) => id)))}
            className="size-4 accent-accent"
          />
          <span aria-hidden="true" className="text-muted">
            {chosen.length > 0 ? t('shelf.chosen', { count: chosen.length }) : t('shelf.chooseAll')}
          </span>
        </label>
        <span role="status" className="sr-only">
          {chosen.length > 0 && t('shelf.chosen', { count: chosen.length })}
        </span>
        {chosen.length > 0 && many(chosen, () => setIds(new Set()))}
      </div>
      <Panel>
        <ul className="divide-y divide-line">
          {chats.map((chat, index) => (
            <li key={chat.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2 pr-3 pl-4">
              <label className="flex min-h-11 min-w-0 flex-[1_1_14rem] items-center gap-3">
                <input
                  type="checkbox"
                  aria-label={t('shelf.choose', { title: chat.description })}
                  checked={ids.has(chat.id)}
                  onChange={(event) => choose(index, event.target.checked, (event.nativeEvent as MouseEvent).shiftKey)}
                  className="size-4 flex-none accent-accent"
                />
                <span className="min-w-0">
                  <span className="block truncate font-medium">{chat.description}</span>
                  <span className="block text-small text-muted">{about(chat)}</span>
                </span>
              </label>
              <span className="ml-auto flex flex-wrap gap-2">{actions(chat)}</span>
            </li>
          ))}
        </ul>
      </Panel>
    </>
  )
}
