/** What the page knows of the sign-in provider and of one's own link to it. */
import { queryOptions } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import type { Given, Reply } from '#web/kernel/endpoints.ts'

/** What a provider is offered for: an organisation by its short name, the only one, or an invitation. */
export type For = Given<'auth.oidc_offer'>['body']

export const offerQuery = (body: For, enabled = true) =>
  queryOptions({ queryKey: ['provider-offer', body], queryFn: ({ signal }) => call('auth.oidc_offer', { body }, { signal }), enabled })

export const identitiesQuery = queryOptions({
  queryKey: ['account', 'identities'],
  queryFn: ({ signal }) => call('identities.list', {}, { signal }),
  staleTime: 0,
})

export const providerQuery = queryOptions({
  queryKey: ['sign-in-provider'],
  queryFn: ({ signal }) => call('sign_in_provider.get', {}, { signal }),
})

/** What came of the way through the provider: fetched once, since it is there once. */
export const answerQuery = queryOptions({
  queryKey: ['provider-answer'],
  queryFn: () => call('auth.oidc_finish'),
  retry: false,
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnMount: false,
})

/** What a try showed, until the page of the provider is left. */
export type Tried = Extract<Reply<'auth.oidc_finish'>['outcome'], { state: 'tried' }>['found']
export const TRIED = ['provider-tried']
/** Why nobody was signed in, for the page on which one tries again. */
export const FAILED = ['provider-failed']
