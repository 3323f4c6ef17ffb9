/** One's own link to the organisation's provider: making it, and undoing it. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { sayMoment } from '#web/kernel/moments.ts'
import { withProof } from '#web/kernel/proof.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { identitiesQuery } from './queries.ts'
import { t } from './text.ts'
import { useSetOut } from './use-set-out.ts'

type Identity = Reply<'identities.list'>['items'][number]

/** The section; nothing where there is neither a provider nor a link. */
export function IdentitySection() {
  const { data, error, refetch } = useQuery(identitiesQuery)
  const [undone, setUndone] = useState(false)
  if (!data && !error) return null
  if (data && !data.provider && data.items.length === 0) return null
  return (
    <section aria-labelledby="identities" className="mb-10">
      <h3 id="identities" className="mb-1 font-strong">
        {t('links.title')}
      </h3>
      {undone && <Outcome text={t('links.unlinked')} />}
      {error !== null && <FailureNotice error={error} onRetry={() => void refetch()} />}
      {data && <p className="mb-3 max-w-[68ch] text-muted">{t('links.lead')}</p>}
      {data?.items.map((identity) => (
        <Linked key={identity.id} identity={identity} onUndone={() => setUndone(true)} />
      ))}
      {data?.provider && !data.items.some(({ current }) => current) && <LinkButton name={data.provider} />}
    </section>
  )
}

function LinkButton({ name }: { name: string }) {
  const next = location.pathname
  const { setOut, error, busy } = useSetOut(() => withProof(() => call('identities.link', { body: { next } })))
  return (
    <>
      {error !== null && <FailureNotice error={error} className="mb-3" />}
      <Button busy={busy} onClick={setOut}>
        {t('links.link', { name })}
      </Button>
    </>
  )
}

function Linked({ identity, onUndone }: { identity: Identity; onUndone: () => void }) {
  const undo = useMutation({
    mutationFn: () => withProof(() => call('identities.unlink', { params: { identityId: identity.id } })),
    onSuccess: async () => {
      onUndone()
      await queryClient.invalidateQueries({ queryKey: ['account'] })
    },
  })
  const said = { issuer: identity.issuer, when: sayMoment(identity.timeLinked) }
  return (
    <div className="mb-3">
      {undo.error !== null && <FailureNotice error={undo.error} className="mb-3" />}
      <p className="mb-3 max-w-[68ch] wrap-anywhere">
        {t(identity.current ? 'links.linked' : 'links.old', said)}{' '}
        {identity.usedAt !== null && <span className="text-muted">{t('links.used', { when: sayMoment(identity.usedAt) })}</span>}
      </p>
      <Button busy={undo.isPending} onClick={() => undo.mutate()}>
        {t('links.unlink')}
      </Button>
    </div>
  )
}
