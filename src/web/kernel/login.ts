/**
 * The login of this browser, as all its tabs know it, and its end. When it ends every tab leaves its page, which is loaded anew so
 * that nothing of one person's stays in memory for the next. Why it ended is what the server said, never what an address says.
 */
import type { Me } from '#contract/accounts.ts'
import type { EndReason } from '#contract/sessions.ts'
import { call } from './api.ts'
import { forgetStored } from './stored.ts'

/** In the storage of all tabs: the id of the session and, once it has ended, why. */
const LOGIN = 'sardonyx.login'
/** In the storage of one tab: what it was told when it left its page. */
const TOLD = 'sardonyx.told'
const SIGN_IN = '/sign-in'
/** After these somebody did not want this browser to have access any more, so it keeps nothing either. */
const FORGETTING: readonly EndReason[] = ['signed_out', 'signed_out_elsewhere', 'not_me', 'administrator', 'operator', 'suspended']

export interface Told {
  readonly reason: EndReason
  readonly at: string | null
  /** Who was signed in. */
  readonly userId?: string | undefined
}

let own: Me | null = null
let leaving = false

/** Binds this tab to the login of the person: when another tab ends it, or signs somebody in, this one goes along. */
export function keepTo(me: Me): void {
  if (own) return
  own = me
  localStorage.setItem(LOGIN, me.session.id)
  sessionStorage.removeItem(TOLD)
  addEventListener('storage', ({ key }) => key === LOGIN && goAlong(me))
  addEventListener('pageshow', () => {
    leaving = false
    goAlong(me)
  })
}

function goAlong(me: Me): void {
  const { id, reason } = known()
  if (id !== me.session.id) location.reload()
  else if (reason) leave(reason)
}

function known(): { id: string | undefined; reason: EndReason | undefined } {
  const [id, reason] = localStorage.getItem(LOGIN)?.split(' ') ?? []
  return { id, reason: reason as EndReason | undefined }
}

/** Tells whether somebody has signed in here and, as far as this browser knows, still is; the server knows better. */
export function mayBeSignedIn(): boolean {
  const { id, reason } = known()
  return id !== undefined && reason === undefined
}

/**
 * Leaves the page because the login has ended; all other tabs go along. After it a new one leads back to where one was. Where this
 * browser is to forget what it stored, it does not forget what is under the spared names.
 */
export function leave(reason: EndReason, spared: readonly string[] = []): void {
  if (leaving || location.pathname === SIGN_IN) return
  leaving = true
  if (own && (reason === 'replaced' || known().id !== own.session.id)) {
    location.reload()
    return
  }
  if (own) {
    localStorage.setItem(LOGIN, `${own.session.id} ${reason}`)
    if (FORGETTING.includes(reason)) forgetStored(own.user.id, spared)
  }
  const told: Told = { reason, at: new Date().toISOString(), userId: own?.user.id }
  sessionStorage.setItem(TOLD, JSON.stringify(told))
  if (reason === 'signed_out') location.assign(SIGN_IN)
  else location.replace(signInAndBack())
}

/** Gives the address for signing in, and then coming back to this page. A fragment stays one, which is sent nowhere: it may be secret. */
export function signInAndBack(): string {
  const here = location.pathname + location.search
  return (here === '/' ? SIGN_IN : `${SIGN_IN}?${new URLSearchParams({ next: here })}`) + location.hash
}

/** Finds out why the login of this browser has ended: this tab was told, or the server knows it by the cookie. Null if it did not. */
export async function whyEnded(): Promise<Told | null> {
  const text = sessionStorage.getItem(TOLD)
  const told = text === null ? null : (JSON.parse(text) as Told)
  if (known().id === undefined || (told && told.reason !== 'unknown')) return told
  const { reason, at } = await call('auth.why_ended')
  if (!reason || reason === 'unknown') return told
  if (told?.userId && FORGETTING.includes(reason)) forgetStored(told.userId, [])
  return { reason, at }
}

/** Calls back when another tab of this browser has signed somebody in; gives the way to stop. */
export function onSignedIn(callback: () => void): () => void {
  const listener = ({ key }: StorageEvent) => key === LOGIN && mayBeSignedIn() && callback()
  addEventListener('storage', listener)
  return () => removeEventListener('storage', listener)
}
