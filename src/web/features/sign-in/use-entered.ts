/** What a page does once somebody has come in through a link. */
import { useNavigate } from '@tanstack/react-router'
import type { SignInReply } from '#contract/accounts.ts'
import { meQuery, queryClient } from '#web/kernel/session.ts'

/** Gives the way in, from the reply of an endpoint by which one signs in; whom it asks for more is asked again by the page that comes. */
export function useEntered(): (reply: SignInReply) => Promise<void> {
  const navigate = useNavigate()
  return async (reply) => {
    queryClient.clear()
    if (reply.state === 'signed_in') queryClient.setQueryData(meQuery.queryKey, reply.me)
    await navigate({ to: '/', replace: true })
  }
}
