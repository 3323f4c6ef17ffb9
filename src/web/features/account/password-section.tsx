/** One's password: since when it is this one, and changing it. */
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { sayMoment } from '#web/kernel/moments.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { ChangePassword } from './change-password.tsx'
import { t } from './text.ts'

export type OwnPassword = Reply<'password.get'>

const passwordQuery = queryOptions({
  queryKey: ['account', 'password'],
  queryFn: ({ signal }) => call('password.get', {}, { signal }),
  staleTime: 0,
  refetchOnWindowFocus: 'always',
})

/** The section of the page on how one signs in. */
export function PasswordSection() {
  const password = useQuery(passwordQuery)
  return (
    <section aria-labelledby="password" className="mb-10">
      <h3 id="password" className="mb-1 font-strong">
        {t('password.title')}
      </h3>
      {password.isPending && <PanelSkeleton rows={1} />}
      {password.isError && <FailureNotice error={password.error} onRetry={() => void password.refetch()} />}
      {password.data && <Password password={password.data} />}
    </section>
  )
}

function Password({ password }: { password: OwnPassword }) {
  const [changing, setChanging] = useState(false)
  const [done, setDone] = useState(false)
  const change = async () => {
    await queryClient.invalidateQueries({ queryKey: ['account'] })
    setChanging(false)
    setDone(true)
  }
  const { changedAt, longEnough, leastLength } = password
  return (
    <>
      {done && <Outcome text={t('password.changed')} />}
      {!longEnough && (
        <Notice tone="warn" className="my-3 max-w-[68ch]">
          {t('password.short', { count: leastLength })}
        </Notice>
      )}
      <p className="mb-3 max-w-[68ch] text-muted">
        {changedAt === null ? t('password.none') : t('password.since', { when: sayMoment(changedAt) })}
      </p>
      {changing ? (
        <ChangePassword password={password} onChanged={change} onCancel={() => setChanging(false)} />
      ) : (
        <Button
          onClick={() => {
            setDone(false)
            setChanging(true)
          }}
        >
          {t(changedAt === null ? 'password.choose' : 'password.change')}
        </Button>
      )}
    </>
  )
}
