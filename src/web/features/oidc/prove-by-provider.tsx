/** A fresh proof by signing in at the provider anew, for people who have linked it: the page is left, and one comes back to it. */
import { useQuery } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { identitiesQuery } from './queries.ts'
import { t } from './text.ts'
import { useSetOut } from './use-set-out.ts'

/** The offer; nothing for people whom it would not prove. */
export function ProveByProvider() {
  const { data } = useQuery(identitiesQuery)
  const next = location.pathname + location.search
  const { setOut, error, busy } = useSetOut(() => call('session.prove_by_provider', { body: { next } }))
  if (!data?.provider || !data.proves) return null
  return (
    <div className="mt-4 border-t border-line pt-4">
      {error !== null && <FailureNotice error={error} className="mb-4" />}
      <p className="mb-3 text-small text-muted">{t('prove.lead')}</p>
      <Button busy={busy} onClick={setOut}>
        {t('prove.by', { name: data.provider })}
      </Button>
    </div>
  )
}
