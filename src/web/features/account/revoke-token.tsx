/** Revoking an API token, after saying what that does. */
import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { call } from '#web/kernel/api.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Confirm } from '#web/ui/confirm.tsx'
import type { ApiToken } from './queries.ts'
import { t } from './text.ts'

interface RevokeTokenProps {
  /** The token that is asked about; null while none is. */
  token: ApiToken | null
  onClose: () => void
  onRevoked: (text: string) => void
}

/** The question; a token that has ended meanwhile counts as revoked. */
export function RevokeToken({ token, onClose, onRevoked }: RevokeTokenProps) {
  const [asked, setAsked] = useState<ApiToken | null>(null)
  const { mutate, reset, isPending, error } = useMutation({ mutationFn: revoke })
  useEffect(() => {
    if (!token) return
    reset()
    setAsked(token)
  }, [token, reset])
  const finish = async (hadEnded: boolean, name: string) => {
    await queryClient.invalidateQueries({ queryKey: ['account'] })
    onClose()
    onRevoked(t(hadEnded ? 'tokens.revokedBefore' : 'tokens.revoked', { name }))
  }
  if (!asked) return null
  return (
    <Confirm
      title={t('tokens.revokeTitle', { name: asked.name })}
      act={t('tokens.revoke')}
      onAct={() => mutate(asked, { onSuccess: (hadEnded) => finish(hadEnded, asked.name) })}
      busy={isPending}
      error={error}
      open={token !== null}
      onClose={onClose}
    >
      <p>{t('tokens.revokeLead')}</p>
    </Confirm>
  )
}

/** Revokes it; tells whether it had ended already. */
async function revoke({ id }: ApiToken): Promise<boolean> {
  try {
    await call('tokens.revoke', { params: { sessionId: id } })
    return false
  } catch (error) {
    if (error instanceof ApiProblem && error.is('token.not_found')) return true
    throw error
  }
}
