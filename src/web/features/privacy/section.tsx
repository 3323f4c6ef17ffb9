/** The parts of which the privacy page is made: sections, sentences, points, and what is said of whom. */
import type { ReactNode } from 'react'

/** A section with its heading; not broken over two pages of paper if it fits on one. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mb-9 break-inside-avoid">
      <h2 className="mb-2 text-title font-strong">{title}</h2>
      {children}
    </section>
  )
}

/** A sentence on a line of its own. */
export function Sentence({ children }: { children: ReactNode }) {
  return <p className="mb-2 max-w-[72ch] text-pretty">{children}</p>
}

interface PointsProps {
  title: string
  lead: string
  points: readonly string[]
}

/** A list under a heading of its own. */
export function Points({ title, lead, points }: PointsProps) {
  return (
    <div className="mb-2">
      <h3 className="font-strong">{title}</h3>
      <p className="mb-1 text-muted">{lead}</p>
      <ul className="list-disc space-y-1 pl-5">
        {points.map((point) => (
          <li key={point}>{point}</li>
        ))}
      </ul>
    </div>
  )
}

/** Who, or what, on the left; what is so on the right. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="divide-y divide-line rounded-panel border border-line bg-surface">
      {facts.map(([what, is], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two providers may have one name, and facts keep their places
        <div key={index} className="grid gap-x-6 px-4 py-2.5 desk:grid-cols-[14rem_1fr] print:grid-cols-[14rem_1fr]">
          <dt className="font-medium wrap-anywhere">{what}</dt>
          <dd className="min-w-0 text-pretty wrap-anywhere text-muted">{is}</dd>
        </div>
      ))}
    </dl>
  )
}
