/** Exports: beginning one, watching it being written, downloading and removing it. */
import { queryOptions, useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call, download } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { sayDay, sayMoment } from '#web/kernel/moments.ts'
import { withProof } from '#web/kernel/proof.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { t } from './leaving-text.ts'

type Export = Reply<'exports.list'>['items'][number]

const LOOK_EVERY_MS = 1_000
const isUnderWay = ({ state }: Export) => state === 'waiting' || state === 'running'

const exportsQuery = queryOptions({
  queryKey: ['account', 'exports'],
  queryFn: async ({ signal }) => (await call('exports.list', {}, { signal })).items,
  staleTime: 0,
  refetchInterval: ({ state }) => (state.data?.some(isUnderWay) ? LOOK_EVERY_MS : false),
})
const look = () => queryClient.invalidateQueries({ queryKey: exportsQuery.queryKey })

/** The part of the page on exports. */
export function Exports() {
  const query = useQuery(exportsQuery)
  const [outcome, setOutcome] = useState<string | null>(null)
  const begin = useMutation({ mutationFn: () => withProof(() => call('exports.create')), onSettled: look })
  const busy = query.data?.some(isUnderWay) ?? false
  const start = () => {
    setOutcome(null)
    begin.mutate()
  }
  return (
    <section className="mb-10">
      <h3 className="mb-1 font-strong">{t('export.title')}</h3>
      <p className="mb-4 max-w-[72ch] text-pretty text-muted">{t('export.lead')}</p>
      {begin.error && <FailureNotice error={begin.error} className="mb-4" />}
      {outcome !== null && <Outcome text={outcome} />}
      {query.isPending && <PanelSkeleton rows={1} />}
      {query.isError && !query.data && <FailureNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && query.data.length > 0 && (
        <ul aria-label={t('export.list')} className="mb-4 divide-y divide-line rounded-panel border border-line bg-surface">
          {query.data.map((one) => (
            <ExportRow key={one.id} one={one} onRemoved={() => setOutcome(t('export.removed'))} />
          ))}
        </ul>
      )}
      {!busy && query.data && (
        <Button look={query.data.length > 0 ? 'plain' : 'solid'} busy={begin.isPending} onClick={start}>
          {t(query.data.length > 0 ? 'export.again' : 'export.begin')}
        </Button>
      )}
    </section>
  )
}

function ExportRow({ one, onRemoved }: { one: Export; onRemoved: () => void }) {
  const when = sayMoment(one.timeCreated)
  const save = useMutation({ mutationFn: () => withProof(() => download('exports.download', { params: { exportId: one.id } })) })
  const remove = useMutation({
    mutationFn: () => call('exports.remove', { params: { exportId: one.id } }),
    onSuccess: onRemoved,
    onSettled: look,
  })
  const error = save.error ?? remove.error
  return (
    <li className="px-4 py-3.5">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2.5">
        <div className="min-w-0 flex-[1_1_14rem]">
          <p className="font-medium">{t('export.of', { when })}</p>
          <p className="text-small text-muted">{sayState(one)}</p>
          {isUnderWay(one) && <Progress one={one} />}
        </div>
        {one.state === 'ready' && (
          <Button look="solid" busy={save.isPending} onClick={() => save.mutate()}>
            {t('export.download')}
          </Button>
        )}
        <Button aria-label={t('export.removeNamed', { when })} busy={remove.isPending} onClick={() => remove.mutate()}>
          {t('export.remove')}
        </Button>
      </div>
      {error && <FailureNotice error={error} className="mt-3" />}
    </li>
  )
}

const BAR =
  'mt-2 block h-2 w-full max-w-80 appearance-none overflow-hidden rounded-full border-0 bg-sunken [&::-webkit-progress-bar]:bg-sunken ' +
  '[&::-webkit-progress-value]:bg-accent [&::-moz-progress-bar]:bg-accent'

function Progress({ one: { done, total } }: { one: Export }) {
  return (
    <>
      <progress aria-label={t('export.progress')} value={total === 0 ? undefined : done} max={total || 1} className={BAR} />
      <p className="mt-1 text-small text-muted">{t('export.leave')}</p>
    </>
  )
}

function sayState({ state, done, total, bytes, expiresAt }: Export): string {
  if (state === 'ready') return t('export.ready', { size: saySize(bytes), when: sayDay(expiresAt) })
  if (state === 'running') return total === 0 ? t('export.counting') : t('export.running', { done, total })
  return t(`export.${state === 'removed' ? 'stopped' : state}`)
}

const [KB, MB] = [1_000, 1_000_000]
const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

function saySize(bytes: number): string {
  return bytes < MB ? `${number.format(Math.max(1, Math.round(bytes / KB)))} kB` : `${number.format(bytes / MB)} MB`
}
