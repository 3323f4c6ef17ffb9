/** The addresses of the interface. Settings pages and everything before signing in are fetched when they are opened. */
import { createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import type { LoginSearch } from '#web/features/logins/filter.ts'
import type { Found } from '#web/features/members/queries.ts'
import { isSessionEnd } from '#web/kernel/problem.ts'
import { meQuery, queryClient, statusQuery, whyEndedQuery } from '#web/kernel/session.ts'
import { chatRoutes } from './chat-routes.ts'
import { FailurePage, NotFoundPage } from './failure-page.tsx'
import { leadToSetup, rootRoute, workspaceRoute } from './root.tsx'

const peopleRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/people',
  component: lazyRouteComponent(() => import('#web/features/members/people-page.tsx'), 'PeoplePage'),
})

const personListRoute = createRoute({
  getParentRoute: () => peopleRoute,
  path: '/',
  component: lazyRouteComponent(() => import('#web/features/members/person-list-page.tsx'), 'PersonListPage'),
  validateSearch: ({ query, status }: Record<string, unknown>): Found => ({
    ...(typeof query === 'string' && query.trim() !== '' && { query: query.slice(0, 254) }),
    ...((status === 'joined' || status === 'invited' || status === 'suspended') && { status }),
  }),
})

const personRoute = createRoute({
  getParentRoute: () => peopleRoute,
  path: '/$userId',
  component: lazyRouteComponent(() => import('#web/features/members/person-page.tsx'), 'PersonPage'),
})

const inviteRoute = createRoute({
  getParentRoute: () => peopleRoute,
  path: '/invite',
  component: lazyRouteComponent(() => import('#web/features/members/invite-page.tsx'), 'InvitePage'),
})

const invitationsRoute = createRoute({
  getParentRoute: () => peopleRoute,
  path: '/invitations',
  component: lazyRouteComponent(() => import('#web/features/members/invitations-page.tsx'), 'InvitationsPage'),
})

const requestsRoute = createRoute({
  getParentRoute: () => peopleRoute,
  path: '/requests',
  component: lazyRouteComponent(() => import('#web/features/members/requests-page.tsx'), 'RequestsPage'),
})

const directoryRoute = createRoute({
  getParentRoute: () => peopleRoute,
  path: '/directory',
  component: lazyRouteComponent(() => import('#web/features/members/directory-page.tsx'), 'DirectoryPage'),
})

const modelsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/models',
  component: lazyRouteComponent(() => import('#web/features/models/models-page.tsx'), 'ModelsPage'),
})

/** `new`, or the id of a provider. */
const providerRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/models/$providerId',
  component: lazyRouteComponent(() => import('#web/features/models/provider-page.tsx'), 'ProviderPage'),
})

const handbookRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/handbook',
  component: lazyRouteComponent(() => import('#web/features/handbook/handbook-page.tsx'), 'HandbookPage'),
})

const privacyRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/privacy',
  component: lazyRouteComponent(() => import('#web/features/privacy/privacy-page.tsx'), 'PrivacyPage'),
})

const accountRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/account',
  component: lazyRouteComponent(() => import('#web/features/account/account-page.tsx'), 'AccountPage'),
})

const accountIndexRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/account/profile', replace: true })
  },
})

const profileRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: '/profile',
  component: lazyRouteComponent(() => import('#web/features/profile/profile-page.tsx'), 'ProfilePage'),
})

const preferencesRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: '/preferences',
  component: lazyRouteComponent(() => import('#web/features/profile/preferences-page.tsx'), 'PreferencesPage'),
})

const devicesRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: '/devices',
  component: lazyRouteComponent(() => import('#web/features/account/devices-page.tsx'), 'DevicesPage'),
})

/** With `about=ends` it answers why one was signed out. */
const securityRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: '/security',
  component: lazyRouteComponent(() => import('#web/features/account/security-page.tsx'), 'SecurityPage'),
  validateSearch: ({ about }: Record<string, unknown>): { about?: 'ends' } => (about === 'ends' ? { about } : {}),
})

const tokensRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: '/tokens',
  component: lazyRouteComponent(() => import('#web/features/account/tokens-page.tsx'), 'TokensPage'),
})

const dataRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: '/data',
  component: lazyRouteComponent(() => import('#web/features/account/data-page.tsx'), 'DataPage'),
})

const signInWaysRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('#web/features/account/sign-in-page.tsx'), 'SignInWaysPage'),
})

/** One's own address, and a recovery of one's own: opened from the profile, the security log and letters. */
const addressRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: '/address',
  component: lazyRouteComponent(() => import('#web/features/profile/address-page.tsx'), 'AddressPage'),
})

const recoveryStopRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: '/recovery',
  component: lazyRouteComponent(() => import('#web/features/profile/recovery-stop-page.tsx'), 'RecoveryStopPage'),
})

const loginsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/logins',
  component: lazyRouteComponent(() => import('#web/features/logins/logins-page.tsx'), 'LoginsPage'),
})

/** Its filter is in the address; the page reads it (`features/logins/filter.ts`). */
const loginListRoute = createRoute({
  getParentRoute: () => loginsRoute,
  path: '/',
  component: lazyRouteComponent(() => import('#web/features/logins/login-list-page.tsx'), 'LoginListPage'),
  validateSearch: (search: Record<string, unknown>): LoginSearch => search,
})

const rulesRoute = createRoute({
  getParentRoute: () => loginsRoute,
  path: '/rules',
  component: lazyRouteComponent(() => import('#web/features/logins/rules-page.tsx'), 'RulesPage'),
})

const signInProviderRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/sign-in-provider',
  component: lazyRouteComponent(() => import('#web/features/oidc/provider-page.tsx'), 'ProviderPage'),
})

/** Where the browser comes back to from the sign-in provider. */
const providerAnswerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/provider-answer',
  component: lazyRouteComponent(() => import('#web/features/oidc/provider-answer-page.tsx'), 'ProviderAnswerPage'),
})

const erasuresRoute = createRoute({
  getParentRoute: () => loginsRoute,
  path: '/erasures',
  component: lazyRouteComponent(() => import('#web/features/logins/erasures-page.tsx'), 'ErasuresPage'),
})

const developersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/developers',
  component: lazyRouteComponent(() => import('./developers-page.tsx'), 'DevelopersPage'),
})

const setupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/setup',
  component: lazyRouteComponent(() => import('#web/features/setup/setup-page.tsx'), 'SetupPage'),
  beforeLoad: async () => {
    const status = await queryClient.fetchQuery(statusQuery)
    if (status.state !== 'setup') throw redirect({ to: '/', replace: true })
  },
})

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('#web/features/sign-in/sign-in-page.tsx'), 'SignInPage'),
  validateSearch: ({ next }: Record<string, unknown>): { next?: string } => (typeof next === 'string' ? { next } : {}),
  beforeLoad: leadToSetup,
  loader: () => queryClient.prefetchQuery(whyEndedQuery),
})

/** For logins that are good for nothing but setting up a second factor; the others have no business there. */
const secondFactorRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/second-factor',
  component: lazyRouteComponent(() => import('#web/features/factors/needed-page.tsx'), 'NeededPage'),
  beforeLoad: async () => {
    const me = await queryClient.ensureQueryData(meQuery).catch((error: unknown) => {
      throw isSessionEnd(error) ? redirect({ to: '/sign-in', replace: true }) : error
    })
    if (!me.session.restricted) throw redirect({ to: '/', replace: true })
  },
})

const invitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/invitation',
  component: lazyRouteComponent(() => import('#web/features/sign-in/invitation-page.tsx'), 'InvitationPage'),
})

const recoveryRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/recovery',
  component: lazyRouteComponent(() => import('#web/features/sign-in/recovery-page.tsx'), 'RecoveryPage'),
})

/** With a token behind the `#` it is where a letter leads. */
const resetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/reset',
  component: lazyRouteComponent(() => import('#web/features/sign-in/reset-page.tsx'), 'ResetPage'),
  beforeLoad: leadToSetup,
})

const accountRoutes = [
  accountIndexRoute,
  profileRoute,
  preferencesRoute,
  signInWaysRoute,
  devicesRoute,
  securityRoute,
  tokensRoute,
  addressRoute,
  recoveryStopRoute,
  dataRoute,
] as const

const peopleRoutes = [personListRoute, personRoute, inviteRoute, invitationsRoute, requestsRoute, directoryRoute] as const

const routes = [
  ...chatRoutes,
  peopleRoute.addChildren(peopleRoutes),
  modelsRoute,
  providerRoute,
  handbookRoute,
  privacyRoute,
  accountRoute.addChildren(accountRoutes),
  loginsRoute.addChildren([loginListRoute, rulesRoute, erasuresRoute]),
  signInProviderRoute,
] as const

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    workspaceRoute.addChildren(routes),
    developersRoute,
    setupRoute,
    signInRoute,
    secondFactorRoute,
    resetRoute,
    providerAnswerRoute,
    invitationRoute,
    recoveryRoute,
  ]),
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: FailurePage,
  defaultNotFoundComponent: NotFoundPage,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
