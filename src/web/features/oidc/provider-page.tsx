/** The organisation's sign-in provider: what it has to be told, what it told, who may come through it, and whether all of that works. */
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { LoginsFrame } from '#web/features/logins/logins-frame.tsx'
import type { Reply } from '#web/kernel/endpoints.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { CopyIcon } from '#web/ui/copy-button.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { ProviderForm } from './provider-form.tsx'
import { providerQuery, TRIED, type Tried } from './queries.ts'
import { t } from './text.ts'

/** The page `/sign-in-provider`. */
export function ProviderPage() {
  return (
    <LoginsFrame>
      <Content />
    </LoginsFrame>
  )
}

function Content() {
  const { organisation } = useMe()
  const { data, error, isPending, refetch } = useQuery(providerQuery)
  return (
    <div className="max-w-[46rem]">
      <title>{t('title.page', { page: t('provider.title'), organisation: organisation.name })}</title>
      <p className="mb-2 text-muted">{t('provider.lead', { organisation: organisation.name })}</p>
      <p className="mb-5 text-muted">{t('provider.power')}</p>
      {isPending && <PanelSkeleton rows={4} />}
      {error !== null && <FailureNotice error={error} onRetry={() => void refetch()} />}
      {data && (
        <>
          <TriedNotice />
          <Addresses of={data} />
          <ProviderForm provider={data.provider} />
        </>
      )}
    </div>
  )
}

function Addresses({ of }: { of: Reply<'sign_in_provider.get'> }) {
  const addresses = [
    [t('provider.redirect'), of.redirectAddress],
    [t('provider.logout'), of.logoutAddress],
  ] as const
  return (
    <section aria-labelledby="told" className="mb-8">
      <h2 id="told" className="mb-2 font-strong">
        {t('provider.told')}
      </h2>
      <ul className="divide-y divide-line rounded-control border border-line bg-surface">
        {addresses.map(([what, address]) => (
          <li key={what} className="flex items-center gap-2 py-2 pr-2 pl-3.5">
            <span className="min-w-0 flex-1">
              <span className="block text-small text-muted">{what}</span>
              <span className="block font-mono text-small wrap-anywhere">{address}</span>
            </span>
            <CopyIcon label={t('provider.copy', { what: what.toLowerCase() })} text={() => address} />
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What the try showed that led back here. */
function TriedNotice() {
  const [found] = useState(() => queryClient.getQueryData<Tried>(TRIED))
  useEffect(() => queryClient.removeQueries({ queryKey: TRIED }), [])
  if (!found) return null
  const { name, email, verified, subject, verdict } = found
  const rows = [
    [t('provider.triedName'), name],
    [t('provider.triedAddress'), email],
    [t('provider.triedVerified'), verified === null ? null : t(verified ? 'provider.yes' : 'provider.no')],
    [t('provider.triedSubject'), subject],
  ] as const
  return (
    <Notice className="mb-6">
      <h2 className="mb-1 font-strong">{t('provider.triedTitle')}</h2>
      <dl className="mb-2 grid grid-cols-[auto_1fr] gap-x-4">
        {rows.map(([what, said]) => (
          <div key={what} className="contents">
            <dt className="text-muted">{what}</dt>
            <dd className="wrap-anywhere">{said ?? <span className="text-muted">{t('provider.nothing')}</span>}</dd>
          </div>
        ))}
      </dl>
      <p>{verdict}</p>
    </Notice>
  )
}
