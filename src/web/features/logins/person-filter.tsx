/** One person of the organisation, found by typing a part of their name or address. */
import { Combobox } from '@base-ui/react/combobox'
import { useInfiniteQuery } from '@tanstack/react-query'
import { type RefObject, useEffect, useId, useRef, useState } from 'react'
import type { Member } from '#contract/accounts.ts'
import { membersQuery } from '#web/features/members/queries.ts'
import { INPUT } from '#web/ui/field.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { POPUP } from '#web/ui/popup.ts'
import { t } from './text.ts'

interface PersonFilterProps {
  personId: string | undefined
  onChange: (personId: string | undefined) => void
}

/** A field that lists people as one types. */
export function PersonFilter({ personId, onChange }: PersonFilterProps) {
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const [used, setUsed] = useState(false)
  const members = useAllMembers(used || personId !== undefined)
  const person = members.find((member) => member.id === personId) ?? null
  return (
    <div ref={box} className="mb-4">
      <label htmlFor={id} className="mb-1 block font-medium">
        {t('filter.person')}
      </label>
      <Combobox.Root
        autoHighlight
        items={members}
        value={person}
        onValueChange={(chosen: Member | null) => onChange(chosen?.id)}
        onOpenChange={(open) => open && setUsed(true)}
        itemToStringLabel={(member: Member) => member.name}
        isItemEqualToValue={(a: Member, b: Member) => a.id === b.id}
        filter={(member: Member, typed) => `${member.name} ${member.email}`.toLowerCase().includes(typed.trim().toLowerCase())}
      >
        <div className="relative">
          <Combobox.Input id={id} placeholder={t('filter.anybody')} className={`${INPUT} pr-9`} onFocus={() => setUsed(true)} />
          {person ? (
            <Combobox.Clear
              aria-label={t('filter.clearPerson')}
              className="absolute inset-y-0 right-0 grid w-9 place-items-center text-muted hover:text-ink"
            >
              <Icon name="close" size={14} />
            </Combobox.Clear>
          ) : (
            <Icon name="down" className="pointer-events-none absolute top-1/2 right-3 -translate-y-1/2 text-muted" />
          )}
        </div>
        <People within={box} />
      </Combobox.Root>
    </div>
  )
}

function People({ within }: { within: RefObject<HTMLElement | null> }) {
  return (
    <Combobox.Portal container={within}>
      <Combobox.Positioner sideOffset={4} collisionPadding={8} className="z-40">
        <Combobox.Popup
          className={`${POPUP} max-h-[min(20rem,var(--available-height))] w-[max(var(--anchor-width),17rem)] max-w-(--available-width) overflow-y-auto p-1`}
        >
          <Combobox.Empty className="px-2.5 py-2 text-muted empty:p-0">{t('filter.nobody')}</Combobox.Empty>
          <Combobox.List>
            {(member: Member) => (
              <Combobox.Item
                key={member.id}
                value={member}
                className="cursor-default rounded-control px-2.5 py-1.5 outline-none select-none data-highlighted:bg-hover"
              >
                <span className="block wrap-anywhere">{member.name}</span>
                <span className="block text-small wrap-anywhere text-muted">{member.email}</span>
              </Combobox.Item>
            )}
          </Combobox.List>
        </Combobox.Popup>
      </Combobox.Positioner>
    </Combobox.Portal>
  )
}

/** Everybody, page after page, once it is wanted. */
function useAllMembers(wanted: boolean): Member[] {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({ ...membersQuery, enabled: wanted })
  useEffect(() => {
    if (wanted && hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [wanted, hasNextPage, isFetchingNextPage, fetchNextPage])
  return data?.pages.flatMap((page) => page.items) ?? []
}
