/** The token of a letter's link, which stands in the fragment of the address. */
import { useRouterState } from '@tanstack/react-router'

/** Gives it; on the way to another page, which may take a while, still that of the page which is shown. */
export function useLinkToken(): string {
  return useRouterState({ select: ({ location, resolvedLocation }) => (resolvedLocation ?? location).hash })
}
