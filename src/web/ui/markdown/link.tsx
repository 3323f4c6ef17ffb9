/**
 * Links and images in rendered Markdown. A link leads only to an address that names its host, and the host is shown unless
 * the words are that very address, letter for letter. An image is a link to where it is; nothing fetches it.
 */
import { Link as RouterLink } from '@tanstack/react-router'
import { createContext, type MouseEvent, type ReactNode, useContext } from 'react'
import { t } from './words.ts'

const PROTOCOLS = new Set(['https:', 'http:', 'mailto:'])
/** What changes the order of the letters around it. */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/

const WithinLink = createContext(false)

interface LinkProps {
  href?: string | undefined
  children?: ReactNode
  id?: string | undefined
  /** What the ids of footnotes begin with. */
  prefix?: string
  dataFootnoteRef?: unknown
  dataFootnoteBackref?: unknown
}

/** A link out of here, opened in a tab that learns nothing of where it came from; words alone if the address isn't good. */
export function Link({ href = '', children, id, prefix = '', dataFootnoteRef, dataFootnoteBackref }: LinkProps) {
  if (dataFootnoteRef !== undefined || dataFootnoteBackref !== undefined) {
    const [to, from] = [`#${prefix}${href.slice(1)}`, id && `${prefix}${id}`]
    return <FootnoteLink href={to} back={dataFootnoteBackref !== undefined} id={from} number={children} />
  }
  const target = targetOf(href)
  if (!target) return children
  return (
    <>
      <a href={target.url} title={target.url} target="_blank" rel="noopener noreferrer nofollow" referrerPolicy="no-referrer">
        <WithinLink value={true}>
          <bdi>{children}</bdi>
        </WithinLink>
      </a>
      {!isNamed(wordsOf(children), target.place) && (
        <span className="text-small text-muted">
          {' ('}
          <bdi dir="ltr" className="wrap-anywhere">
            {target.place}
          </bdi>
          {')'}
        </span>
      )}
    </>
  )
}

/** Where an image would have come from. */
export function Image({ src = '', alt = '' }: { src?: unknown; alt?: string | undefined }) {
  const within = useContext(WithinLink)
  const words = alt.trim() === '' ? t('image.hidden') : t('image.named', { alt })
  if (within) return <bdi>{words}</bdi>
  return (
    <span className="text-muted">
      <Link href={String(src)}>{words}</Link>
    </span>
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

/** Leads from a footnote's mark to the footnote and back, without an address of its own. */
function FootnoteLink({ href, back, id, number }: { href: string; back: boolean; id: string | undefined; number: ReactNode }) {
  const go = (event: MouseEvent) => {
    event.preventDefault()
    const target = document.getElementById(decodeURIComponent(href.slice(1)))
    if (!target) return
    target.scrollIntoView({ block: 'center' })
    target.tabIndex = -1
    target.focus({ preventScroll: true })
  }
  const label = back ? t('footnote.back') : t('footnote.number', { number: wordsOf(number) })
  return (
    <a href={href} id={id} onClick={go} aria-label={label} title={label}>
      {back ? '↩' : number}
    </a>
  )
}

/** The address as the browser will take it, without a name and password in it, and the place that it leads to. */
function targetOf(href: string): { url: string; place: string } | null {
  const url = URL.parse(href)
  if (!url || !PROTOCOLS.has(url.protocol)) return null
  if (url.protocol !== 'mailto:') {
    url.username = ''
    url.password = ''
  }
  const place = url.protocol === 'mailto:' ? url.pathname : url.host
  return place === '' ? null : { url: url.href, place }
}

/** Whether the words begin with the place and can't be taken for another one. */
function isNamed(words: string, place: string): boolean {
  const said = words.trim().replace(/^(https?:\/\/|mailto:)/i, '')
  const [start, next = ''] = [said.slice(0, place.length), said[place.length]]
  return start.toLowerCase() === place.toLowerCase() && /^[/?#]?$/.test(next) && !TURNS.test(words)
}

function wordsOf(node: ReactNode): string {
  if (typeof node === 'string' || typeof node === 'number') return String(node)
  return Array.isArray(node) ? node.map(wordsOf).join('') : ''
}
