/** Where quotations come from: the chips in the text, and the list below it. */
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Citation, Source } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { Popover } from '#web/ui/popover.tsx'

/** Names a source. */
export function nameOf(source: Source): string {
  return source.kind === 'handbook' ? t('cite.handbook', { title: source.title }) : t('cite.chat', { title: source.title })
}

/** The chip that stands in the text; opens the quotation. */
export function CitationChip({ citation }: { citation: Citation }) {
  const name = nameOf(citation.source)
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
      <SourceLink source={citation.source}>{t('cite.open')}</SourceLink>
    </Popover>
  )
}

/** The list of sources below an answer. */
export function Sources({ citations }: { citations: readonly Citation[] }) {
  if (citations.length === 0) return null
  return (
    <section className="mt-3.5 max-w-[68ch] border-t border-line pt-2.5 text-small">
      <h3 className="sr-only">{t('message.sources')}</h3>
      <ol className="space-y-1">
        {citations.map(({ number, source }) => (
          <li key={number} className="flex gap-2 text-muted">
            <span className="min-w-4 text-right tabular-nums">{number}</span>
            <SourceLink source={source}>{nameOf(source)}</SourceLink>
          </li>
        ))}
      </ol>
    </section>
  )
}

const LINK = 'text-accent underline decoration-1 underline-offset-3 hover:text-accent-strong'

function SourceLink({ source, children }: { source: Source; children: ReactNode }) {
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
