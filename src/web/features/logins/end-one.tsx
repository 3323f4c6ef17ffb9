/** Ending one login or API token of somebody, after naming whose it is. */
import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { AnySession } from '#contract/sessions.ts'
import { call } from '#web/kernel/api.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { withProof } from '#web/kernel/proof.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Confirm } from '#web/ui/confirm.tsx'
import { t } from './text.ts'

interface EndOneProps {
  /** The login that is asked about; null while none is. */
  login: AnySession | null
  onClose: () => void
  onEnded: (text: string) => void
}

/** The question. A login that has ended meanwhile is not an error. */
export function EndOne({ login, onClose, onEnded }: EndOneProps) {
  const [named, setNamed] = useState<AnySession | null>(null)
  const end = useMutation({ mutationFn: endOne })
  const { reset } = end
  useEffect(() => {
    if (!login) return
    reset()
    setNamed(login)
  }, [login, reset])
  const finish = async (which: AnySession, hadEnded: boolean) => {
    await queryClient.invalidateQueries({ queryKey: ['logins'] })
    onClose()
    onEnded(hadEnded ? t('end.oneBefore') : sayDone(which))
  }
  if (!named) return null
  const { user, device, kind } = named
  const isToken = kind === 'api'
  return (
    <Confirm
      title={isToken ? t('end.oneTokenTitle', { name: user.name }) : t('end.oneTitle', { name: user.name, device })}
      act={t(isToken ? 'list.revoke' : 'list.signOut')}
      onAct={() => end.mutate(named, { onSuccess: (hadEnded) => finish(named, hadEnded) })}
      busy={end.isPending}
      error={end.error}
      open={login !== null}
      onClose={onClose}
    >
      <p>{t(`end.${kind}`, { count: 1 })}</p>
      <p className="text-muted">{t('end.oneSeen', { name: user.name })}</p>
    </Confirm>
  )
}

/** Ends it; tells whether it had ended already. */
async function endOne({ id }: AnySession): Promise<boolean> {
  try {
    await withProof(() => call('sessions.end', { body: { filter: { sessionId: id }, expected: 1 } }))
    return false
  } catch (error) {
    if (error instanceof ApiProblem && error.is('session.count_changed')) return true
    throw error
  }
}

function sayDone({ kind, user, device }: AnySession): string {
  return kind === 'api' ? t('end.oneTokenDone', { name: user.name }) : t('end.oneDone', { name: user.name, device })
}
