/** The handbook that comes with the product, in sections that links and citations can point to. */
import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { HandbookSection } from '#contract/models.ts'
import { call } from '#web/kernel/api.ts'
import { useMe } from '#web/kernel/session.ts'
import { classes } from '#web/ui/class-names.ts'
import { PanelSkeleton, ReadingPage } from '#web/ui/frame.tsx'
import { Markdown } from '#web/ui/markdown.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

const handbookQuery = queryOptions({
  queryKey: ['handbook'],
  queryFn: async ({ signal }) => (await call('handbook.get', {}, { signal })).items,
  staleTime: Number.POSITIVE_INFINITY,
})

/** The page of the handbook. */
export function HandbookPage() {
  const { organisation } = useMe()
  const handbook = useQuery(handbookQuery)
  return (
    <ReadingPage title={t('handbook.title')} lead={t('handbook.lead')}>
      <title>{t('title.page', { page: t('handbook.title'), organisation: organisation.name })}</title>
      {handbook.isPending && <PanelSkeleton />}
      {handbook.isError && <FailureNotice error={handbook.error} onRetry={() => void handbook.refetch()} />}
      {handbook.data && <Sections sections={handbook.data} />}
    </ReadingPage>
  )
}

function Sections({ sections }: { sections: readonly HandbookSection[] }) {
  const wanted = useRouterState({ select: (state) => state.location.hash })
  useEffect(() => {
    document.getElementById(wanted)?.scrollIntoView({ block: 'start' })
  }, [wanted])
  return (
    <>
      <nav aria-label={t('handbook.sections')} className="mb-9">
        <ul className="gap-x-8 desk:columns-2">
          {sections.map(({ id, title }) => (
            <li key={id}>
              <Link to="/handbook" hash={id} className="block py-1 text-accent underline-offset-3 hover:underline max-desk:py-2.5">
                {title}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {sections.map(({ id, title, markdown }) => (
        <section
          key={id}
          id={id}
          aria-labelledby={`${id}-title`}
          className={classes('mb-9 max-w-[68ch] scroll-mt-5 rounded-panel text-message', id === wanted && 'arrived')}
        >
          <h2 id={`${id}-title`} className="mb-2 text-title font-strong">
            {title}
          </h2>
          <Markdown text={markdown} trusted />
        </section>
      ))}
    </>
  )
}
