/** One way to sign in, as a section of the page on all of them. */
import { type ReactNode, useId } from 'react'

/** A heading, what it is for, and its content. */
export function Section({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  const id = useId()
  return (
    <section aria-labelledby={id} className="mb-10">
      <h3 id={id} className="mb-1 font-strong">
        {title}
      </h3>
      <p className="mb-3 max-w-[68ch] text-pretty text-muted">{lead}</p>
      {children}
    </section>
  )
}
