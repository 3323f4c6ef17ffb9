/** Sets out to the provider: the page is left, and another one takes over when the browser is back. */
import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'

/** Gives the way out, which `begin` has the server prepare. */
export function useSetOut(begin: () => Promise<{ address: string }>) {
  const way = useMutation({ mutationFn: begin, onSuccess: ({ address }) => location.assign(address) })
  const { reset } = way
  useEffect(() => {
    // Whoever comes back by the browser's own button finds the page as it was left, and may want to set out again.
    addEventListener('pageshow', reset)
    return () => removeEventListener('pageshow', reset)
  }, [reset])
  return { setOut: () => way.mutate(), error: way.error, busy: way.isPending || way.isSuccess }
}
