/** What can be done to the chats that are chosen in the list. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useEffect } from 'react'
import { MOST_AT_ONCE } from '#contract/bounds.ts'
import { Button, IconButton } from '#web/ui/button.tsx'
import { t } from './care-text.ts'
import { chatsQuery, knownChats, ownListed } from './data/chat-list.ts'
import { changeChats } from './data/many.ts'
import { chooseAll, endSelection, useSelection } from './data/selection.ts'

/** The bar above the list; Escape leaves it. */
export function SelectionBar() {
  const ids = useSelection()
  const { chatId } = useParams({ strict: false })
  const navigate = useNavigate()
  const { hasNextPage, fetchNextPage } = useInfiniteQuery(chatsQuery)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return
      event.preventDefault()
      endSelection()
    }
    addEventListener('keydown', onKey, true)
    return () => removeEventListener('keydown', onKey, true)
  }, [])
  const chosen = knownChats(ids ?? new Set())
  const act = async (what: 'pin' | 'archive' | 'delete') => {
    endSelection()
    if (what === 'delete' && chatId !== undefined && ids?.has(chatId)) await navigate({ to: '/' })
    await changeChats(what, chosen)
  }
  const all = async () => {
    let more = hasNextPage
    while (more && ownListed().length < MOST_AT_ONCE) {
      const { isError, hasNextPage: further } = await fetchNextPage({ cancelRefetch: false })
      more = further && !isError
    }
    chooseAll(ownListed().map(({ id }) => id))
  }
  const none = chosen.length === 0
  return (
    <section aria-label={t('many.label')} className="mx-2.5 mt-1 mb-1 rounded-control border border-accent-line bg-accent-soft p-1">
      <p role="status" className="flex items-center pl-2 text-small font-medium">
        <span className="flex-1">
          {t('many.chosen', { count: chosen.length })}
          {chosen.length === MOST_AT_ONCE && <span className="block font-normal text-muted">{t('many.most', { most: MOST_AT_ONCE })}</span>}
        </span>
        <Button look="quiet" onClick={() => void all()} className="px-2! text-small">
          {t('many.all')}
        </Button>
        <IconButton icon="close" label={t('many.end')} onClick={endSelection} />
      </p>
      <div className="flex">
        {(['pin', 'archive', 'delete'] as const).map((what) => (
          <Button
            key={what}
            look="quiet"
            icon={what === 'delete' ? 'trash' : what}
            disabled={none}
            onClick={() => void act(what)}
            className="min-w-0 flex-auto! gap-1.5! px-1! text-small text-ink!"
          >
            {t(`many.${what}`)}
          </Button>
        ))}
      </div>
    </section>
  )
}
