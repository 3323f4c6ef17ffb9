/** The API tokens by which programs act for one: each with what it may do, when it was used, and a way to revoke it. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Reply } from '#web/kernel/endpoints.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { NewToken } from './new-token.tsx'
import { Part } from './part.tsx'
import { type ApiToken, tokensQuery } from './queries.ts'
import { RevokeToken } from './revoke-token.tsx'
import { t } from './text.ts'
import { TokenRow } from './token-row.tsx'
import { TokenShown } from './token-shown.tsx'

/** The page `/account/tokens`. */
export function TokensPage() {
  const [making, setMaking] = useState(false)
  const [made, setMade] = useState<Reply<'tokens.create'> | null>(null)
  const [outcome, setOutcome] = useState<string | null>(null)
  const begin = () => {
    setOutcome(null)
    setMaking(true)
  }
  const created = (token: Reply<'tokens.create'>) => {
    setMaking(false)
    setMade(token)
    void queryClient.invalidateQueries(tokensQuery)
  }
  const offersNew = !making && made === null
  return (
    <Part
      title={t('account.tokens')}
      lead={t('tokens.lead')}
      action={
        offersNew && (
          <Button look="solid" icon="plus" onClick={begin}>
            {t('tokens.new')}
          </Button>
        )
      }
    >
      {making && <NewToken onMade={created} onCancel={() => setMaking(false)} />}
      {made && <TokenShown made={made} onDone={() => setMade(null)} />}
      {outcome !== null && <Outcome text={outcome} />}
      <Tokens onRevoked={setOutcome} />
    </Part>
  )
}

function Tokens({ onRevoked }: { onRevoked: (text: string) => void }) {
  const query = useQuery(tokensQuery)
  const [revoking, setRevoking] = useState<ApiToken | null>(null)
  if (query.isPending) return <PanelSkeleton rows={2} lines={3} />
  if (!query.data) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  const now = new Date(query.dataUpdatedAt)
  return (
    <>
      {query.isError && <FailureNotice error={query.error} onRetry={() => void query.refetch()} className="mb-4" />}
      {query.data.length === 0 ? (
        <div className="rounded-panel border border-dashed border-control px-5 py-6">
          <p className="font-medium">{t('tokens.emptyTitle')}</p>
          <p className="max-w-[60ch] text-muted">{t('tokens.empty')}</p>
        </div>
      ) : (
        <ul aria-label={t('tokens.list')} className="divide-y divide-line rounded-panel border border-line bg-surface">
          {query.data.map((token) => (
            <TokenRow key={token.id} token={token} now={now} onRevoke={() => setRevoking(token)} />
          ))}
        </ul>
      )}
      <RevokeToken token={revoking} onClose={() => setRevoking(null)} onRevoked={onRevoked} />
    </>
  )
}
