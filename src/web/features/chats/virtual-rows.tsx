/** Rows of a long list, drawn only where they are seen. Loaded when the list has become long. */
import { useVirtualizer } from '@tanstack/react-virtual'
import type { RefObject } from 'react'
import { useWide } from '#web/kernel/media.ts'
import { t } from '#web/kernel/text.ts'
import { ChatRow, Heading } from './chat-row.tsx'
import type { Row } from './groups.ts'

const HEADING_PX = 38

/** Shows the rows that are in sight of the scroller, each at the place it would have in the whole list. */
export function VirtualRows({ rows, scroller }: { rows: readonly Row[]; scroller: RefObject<HTMLElement | null> }) {
  const chatPx = useWide() ? 34 : 44
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.kind === 'heading' ? HEADING_PX : chatPx),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 12,
  })
  return (
    <ul aria-label={t('chats.list')} className="relative" style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ key, index, start }) => {
        const row = rows[index]
        return (
          <li key={key} className="absolute inset-x-0" style={{ transform: `translateY(${start}px)` }}>
            {row?.kind === 'heading' && <Heading words={row.words} />}
            {row?.kind === 'chat' && <ChatRow chat={row.chat} />}
          </li>
        )
      })}
    </ul>
  )
}
