/** The HTTP interface in readable form, made from the OpenAPI document of this very server. */
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { document as fetchDocument } from '#web/kernel/api.ts'
import { PanelSkeleton, ReadingPage } from '#web/ui/frame.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { EndpointEntry } from './endpoint-entry.tsx'
import { byNoun, type Document } from './openapi.ts'
import { t } from './text.ts'

const documentQuery = queryOptions({
  queryKey: ['openapi'],
  queryFn: async () => (await fetchDocument('/openapi.json')) as Document,
  staleTime: Number.POSITIVE_INFINITY,
})

/** All endpoints, by noun. */
export function Reference() {
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
