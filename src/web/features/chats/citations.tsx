/** Where quotations come from: the chips in the text, and the list below it. */
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Citation } from '#contract/chats.ts'
import type { Source } from '#contract/source.ts'
import { t } from '#web/kernel/text.ts'
import { Popover } from '#web/ui/popover.tsx'
import { useOpenChat } from './open-chat.ts'

type Open = ReturnType<typeof useOpenChat>

/** Names a source, in the chat that quotes it. */
export function nameOf(source: Source, chat: Open): string {
  if (source.kind === 'handbook') return t('cite.handbook', { title: source.title })
  if (source.chatId === chat?.id) return t('cite.thisChat')
  const { title, shared } = source
  if (chat?.owner) return t(shared ? 'cite.sharedWith' : 'cite.chatOf', { title, name: chat.owner.name })
  return t(shared ? 'cite.shared' : 'cite.chat', { title })
}

/** The chip that stands in the text; opens the quotation. */
export function CitationChip({ citation }: { citation: Citation }) {
  const chat = useOpenChat()
  const name = nameOf(citation.source, chat)
  return (
    <Popover
      title={name}
      trigger={({ ref, open, onClick }) => (
        <button
          type="button"
          ref={ref}
          onClick={onClick}
          aria-haspopup="dialog"
          aria-expanded={open}
          aria-label={t('cite.source', { number: citation.number, title: name })}
          className="relative mx-px inline-flex h-5 min-w-5 items-center justify-center rounded-[5px] bg-accent-soft px-1.5 align-[2px] text-tiny leading-5 font-strong text-accent hover:bg-accent hover:text-accent-ink before:absolute before:-inset-x-0.5 before:-inset-y-1 max-desk:before:-inset-3"
        >
          {citation.number}
        </button>
      )}
    >
      <blockquote className="mb-3 max-h-60 overflow-y-auto border-l-2 border-accent-line pl-3 whitespace-pre-wrap">
        {citation.quote}
      </blockquote>
      {opens(citation.source, chat) && <SourceLink source={citation.source}>{t('cite.open')}</SourceLink>}
    </Popover>
  )
}

/** The list of sources below an answer. */
export function Sources({ citations }: { citations: readonly Citation[] }) {
  const chat = useOpenChat()
  if (citations.length === 0) return null
  return (
    <section className="mt-3.5 max-w-[68ch] border-t border-line pt-2.5 text-small">
      <h3 className="sr-only">{t('message.sources')}</h3>
      <ol className="space-y-1">
        {citations.map(({ number, source }) => (
          <li key={number} className="flex gap-2 text-muted">
            <span className="min-w-4 text-right tabular-nums">{number}</span>
            <SourceLink source={source}>{nameOf(source, chat)}</SourceLink>
          </li>
        ))}
      </ol>
    </section>
  )
}

const LINK = 'text-accent underline decoration-1 underline-offset-3 hover:text-accent-strong'

/** Whether a link to the source can lead anywhere: in a chat that somebody else shares, only to that chat itself. */
function opens(source: Source, chat: Open): boolean {
  return source.kind === 'handbook' || !chat?.owner || source.chatId === chat.id
}

function SourceLink({ source, children }: { source: Source; children: ReactNode }) {
  const chat = useOpenChat()
  if (!opens(source, chat)) return <span>{children}</span>
  if (source.kind === 'handbook') {
    return (
      <Link to="/handbook" hash={source.section} className={LINK}>
        {children}
      </Link>
    )
  }
  return (
    <Link to="/chats/$chatId" params={{ chatId: source.chatId }} hash={`m-${source.messageId}`} className={LINK}>
      {children}
    </Link>
  )
}
