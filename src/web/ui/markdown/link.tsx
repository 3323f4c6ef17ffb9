/** Links in rendered Markdown: only to addresses that name their host, which is shown whenever the words don't. */
import { Link as RouterLink } from '@tanstack/react-router'
import type { ReactNode } from 'react'

const PROTOCOLS = new Set(['https:', 'http:', 'mailto:'])

interface LinkProps {
  href?: string | undefined
  children?: ReactNode
}

/** A link out of here, opened in a tab that learns nothing of where it came from; words alone if the address isn't good. */
export function Link({ href = '', children }: LinkProps) {
  const url = URL.canParse(href) ? new URL(href) : null
  if (!url || !PROTOCOLS.has(url.protocol)) return children
  const place = url.protocol === 'mailto:' ? url.pathname : url.host
  const named = wordsOf(children).toLowerCase().includes(place.toLowerCase())
  return (
    <>
      <a href={url.href} target="_blank" rel="noopener noreferrer">
        {children}
      </a>
      {!named && <span className="text-small text-muted"> ({place})</span>}
    </>
  )
}

/** As `Link`, and links within this site work too. */
export function TrustedLink({ href = '', children }: LinkProps) {
  if (!/^[/#](?!\/)/.test(href)) return <Link href={href}>{children}</Link>
  const [to = '', hash] = href.split('#')
  return (
    <RouterLink to={to || '.'} {...(hash !== undefined && { hash })}>
      {children}
    </RouterLink>
  )
}

function wordsOf(node: ReactNode): string {
  if (typeof node === 'string' || typeof node === 'number') return String(node)
  return Array.isArray(node) ? node.map(wordsOf).join('') : ''
}
