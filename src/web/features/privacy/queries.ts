/** What the page knows of privacy. */
import { queryOptions } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'

export const privacyQuery = queryOptions({
  queryKey: ['privacy'],
  queryFn: ({ signal }) => call('privacy.get', {}, { signal }),
  staleTime: 0,
})
