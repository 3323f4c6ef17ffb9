/** The button by which one signs in, or joins, through the organisation's provider; nothing where there is none. */
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { call } from '#web/kernel/api.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { FAILED, offerQuery } from './queries.ts'
import { t } from './text.ts'
import { useSetOut } from './use-set-out.ts'

const SHORT_NAME = /^[a-z0-9-]{1,40}$/
const SETTLED_MS = 300

interface SignInButtonProps {
  /** Its short name as far as it is typed; null where there is one organisation. */
  organisation: string | null
  remember: boolean
  next: string | undefined
}

/** On the page for signing in; where there are several organisations it comes once one is named that has a provider. */
export function SignInButton({ organisation, remember, next }: SignInButtonProps) {
  const named = useSettled(organisation?.trim().toLowerCase() ?? null)
  const body = named === null ? {} : { organisation: named }
  const { data } = useQuery(offerQuery(body, named === null || SHORT_NAME.test(named)))
  const { setOut, error, busy } = useSetOut(() =>
    call('auth.oidc_start', { body: { ...body, remember, ...(next !== undefined && { next }) } }),
  )
  if (!data?.name) return null
  return (
    <div className="mt-3">
      {error !== null && <FailureNotice error={error} className="mb-4" />}
      <Button className="w-full desk:min-h-10" busy={busy} onClick={setOut}>
        {t('way.signIn', { name: data.name })}
      </Button>
    </div>
  )
}

/** On the page of an invitation. */
export function JoinButton({ invitation }: { invitation: string }) {
  const { data } = useQuery(offerQuery({ invitation }))
  const { setOut, error, busy } = useSetOut(() => call('auth.oidc_start', { body: { invitation } }))
  if (!data?.name) return null
  return (
    <div className="mt-4">
      {error !== null && <FailureNotice error={error} className="mb-4" />}
      <p className="mb-4 flex items-center gap-3 text-small text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
        {t('way.or')}
      </p>
      <Button className="w-full desk:min-h-10" busy={busy} onClick={setOut}>
        {t('way.join', { name: data.name })}
      </Button>
      <p className="mt-2 text-small text-muted">{t('way.joinHelp')}</p>
    </div>
  )
}

/** Why the last way did not end in a login, on the page where one begins the next. */
export function ProviderFailure() {
  const [error] = useState(() => queryClient.getQueryData(FAILED))
  useEffect(() => queryClient.removeQueries({ queryKey: FAILED }), [])
  return error ? <FailureNotice error={error} className="my-4" /> : null
}

/** A value once it has not changed for a moment. */
function useSettled(value: string | null): string | null {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_MS)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
