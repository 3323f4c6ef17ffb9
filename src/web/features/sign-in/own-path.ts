/** Where somebody goes who has signed in: what an address says of it is believed as far as it stays here. */

/** Gives the path within the origin that an address leads to, with a fragment that was kept; `/` for one that leads elsewhere, or nowhere. */
export function ownPath(next: string | undefined, { origin, hash = '' }: { origin: string; hash?: string }): string {
  if (next === undefined || !URL.canParse(next, origin)) return '/'
  const wanted = new URL(next, origin)
  // A path that begins with two slashes would be taken for the name of a host.
  const isOwn = wanted.origin === origin && !wanted.pathname.startsWith('//')
  return isOwn ? wanted.pathname + wanted.search + (hash || wanted.hash) : '/'
}
