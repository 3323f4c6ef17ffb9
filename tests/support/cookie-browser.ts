/** As much of a browser as cookies need: it keeps those that the server sets, and brings them along. */
import type { Answer, World } from './world.ts'

export interface CookieBrowser {
  readonly cookies: Map<string, string>
  /** As a page of the server itself asks. */
  call<T = unknown>(method: string, path: string, body?: unknown): Promise<Answer<T>>
  /** As when another site sends the browser to an address. */
  visit(url: URL): Promise<Answer>
}

/** A browser without any cookie yet. */
export function cookieBrowser(world: World): CookieBrowser {
  const cookies = new Map<string, string>()
  const ask = async <T>(method: string, path: string, given: { body?: unknown; headers: Record<string, string> }): Promise<Answer<T>> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await world.call<T>(method, path, { ...given, headers: { ...given.headers, ...(cookie === '' ? {} : { cookie }) } })
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [pair = '', ...attributes] = String(line).split('; ')
      const [name = '', value = ''] = pair.split('=')
      if (value === '' || attributes.includes('Max-Age=0')) cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }
  return {
    cookies,
    call: (method, path, body) => ask(method, path, { body, headers: { 'sec-fetch-site': 'same-origin' } }),
    visit: ({ pathname, search }) =>
      ask('GET', `${pathname}${search}`, { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } }),
  }
}
