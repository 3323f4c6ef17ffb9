/** What the page knows of how one signs in. */
import { queryOptions } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'

export const factorsQuery = queryOptions({
  queryKey: ['account', 'factors'],
  queryFn: ({ signal }) => call('factors.get', {}, { signal }),
  staleTime: 0,
  refetchOnWindowFocus: 'always',
})
