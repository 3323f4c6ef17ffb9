/** What the page knows of models and providers. */
import { queryOptions } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'

export type Model = Reply<'models.list'>['items'][number]

export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: async ({ signal }) => (await call('models.list', {}, { signal })).items,
})

export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: async ({ signal }) => (await call('providers.list', {}, { signal })).items,
})
