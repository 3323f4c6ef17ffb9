/** The HTTP interface in readable form, made from the OpenAPI document of this very server. Open to everybody. */
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { WorkspaceFrame } from '#web/app/workspace.tsx'
import { document as fetchDocument } from '#web/kernel/api.ts'
import { meQuery } from '#web/kernel/session.ts'
import { t } from '#web/kernel/text.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { PanelSkeleton, ReadingPage } from '#web/ui/frame.tsx'
import { Icon, Mark } from '#web/ui/icon.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { EndpointEntry } from './endpoint-entry.tsx'
import { byNoun, type Document } from './openapi.ts'

const documentQuery = queryOptions({
  queryKey: ['openapi'],
  queryFn: async () => (await fetchDocument('/openapi.json')) as Document,
  staleTime: Number.POSITIVE_INFINITY,
})

/** The page, in the workspace for those who are signed in. */
export function DevelopersPage() {
  const me = useQuery({ ...meQuery, retry: false })
  if (me.isPending) return null
  if (me.data) {
    return (
      <WorkspaceFrame>
        <Reference />
      </WorkspaceFrame>
    )
  }
  return (
    <div className="edge flex h-dvh flex-col">
      <header className="flex h-[52px] flex-none items-center gap-2.5 border-b border-line px-5">
        <Mark />
        <span className="flex-1 font-strong">{t('product.name')}</span>
        <ButtonLink to="/sign-in">{t('nav.toSignIn')}</ButtonLink>
      </header>
      <main className="flex min-h-0 flex-1 flex-col">
        <Reference />
      </main>
    </div>
  )
}

function Reference() {
  const query = useQuery(documentQuery)
  return (
    <ReadingPage
      title={t('developers.title')}
      lead={t('developers.lead')}
      action={
        <a href="/openapi.json" className="inline-flex min-h-11 items-center gap-2 px-2 text-accent hover:underline desk:min-h-[34px]">
          {t('developers.document')} <Icon name="outside" />
        </a>
      }
    >
      <title>{`${t('developers.title')} · ${t('product.name')}`}</title>
      {query.isPending && <PanelSkeleton rows={6} />}
      {query.isError && <FailureNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Endpoints document={query.data} />}
    </ReadingPage>
  )
}

function Endpoints({ document }: { document: Document }) {
  const nouns = [...byNoun(document)]
  useEffect(() => {
    const id = decodeURIComponent(location.hash.slice(1))
    const entry = window.document.getElementById(id)
    if (entry instanceof HTMLDetailsElement) entry.open = true
    entry?.scrollIntoView()
  }, [])
  return nouns.map(([noun, entries]) => (
    <section key={noun} aria-labelledby={`noun-${noun}`} className="mb-8">
      <h2 id={`noun-${noun}`} className="mb-2 text-title font-strong capitalize">
        {noun}
      </h2>
      <div className="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface">
        {entries.map((entry) => (
          <EndpointEntry key={entry.operationId} entry={entry} />
        ))}
      </div>
    </section>
  ))
}
