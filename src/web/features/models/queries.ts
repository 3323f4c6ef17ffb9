/** What the page knows of models and providers. */
import { queryOptions } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { queryClient } from '#web/kernel/session.ts'

export type Model = Reply<'models.list'>['items'][number]

export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: async ({ signal }) => (await call('models.list', {}, { signal })).items,
})

/** After a refusal because a model is not offered any more: which are. */
export function noticeModelGone(error: unknown): void {
  if (error instanceof ApiProblem && error.is('model.not_found')) void queryClient.invalidateQueries({ queryKey: modelsQuery.queryKey })
}

export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: async ({ signal }) => (await call('providers.list', {}, { signal })).items,
})
