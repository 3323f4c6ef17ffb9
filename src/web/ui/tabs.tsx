/** Tabs that are addresses: links, so that each part has its own, opens in another window and comes back with the browser's button. */
import { Link, type LinkProps } from '@tanstack/react-router'

export interface Tab extends Pick<LinkProps, 'to' | 'search'> {
  readonly words: string
}

/** The parts of a page above the one that is open. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  return (
    <nav aria-label={label} className="-mt-2 mb-6 border-b border-line">
      <ul className="-mb-px flex flex-wrap gap-x-5 desk:gap-x-6">
        {tabs.map(({ words, ...link }) => (
          <li key={link.to}>
            <Link
              {...link}
              activeOptions={{ exact: true, includeSearch: false }}
              className="flex min-h-11 items-center border-b-2 border-transparent text-muted hover:text-ink focus-visible:rounded-control focus-visible:-outline-offset-2 aria-[current]:border-accent aria-[current]:text-ink"
            >
              {words}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
