/** Who was invited and has not joined, and to whom a letter could not be sent. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { PendingInvitation } from '#contract/people.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { sayDay } from '#web/kernel/moments.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { Panel, PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { AdminPart } from './admin-part.tsx'
import { CancelInvitation } from './person-acts.tsx'
import { invitationsQuery } from './queries.ts'
import { SendAgain } from './send-again.tsx'
import { t } from './text.ts'

/** While letters are on their way, it is looked again so often. */
const LOOK_EVERY_MS = 2_000

/** The page `/people/invitations`. */
export function InvitationsPage() {
  const [outcome, setOutcome] = useState<string | null>(null)
  return (
    <AdminPart title={t('people.invitations')} lead={t('invited.lead')}>
      {outcome !== null && <Outcome text={outcome} />}
      <Invitations onDone={setOutcome} />
    </AdminPart>
  )
}

function Invitations({ onDone }: { onDone: (text: string) => void }) {
  const query = useInfiniteQuery({
    ...invitationsQuery,
    refetchInterval: ({ state }) => (state.data?.pages.some(({ items }) => items.some(isUnderway)) ? LOOK_EVERY_MS : false),
  })
  if (query.isPending) return <PanelSkeleton />
  if (!query.data) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  const invited = query.data.pages.flatMap((page) => page.items)
  const { mail, failed } = query.data.pages[0]!
  return (
    <>
      {mail === 'folder' && <Notice className="mb-4">{t('invited.folder')}</Notice>}
      {failed > 0 && (
        <Notice tone="warn" className="mb-4">
          {t('invited.failed', { count: failed })} <span className="text-muted">{t('invited.failedNext')}</span>
        </Notice>
      )}
      {invited.length === 0 ? (
        <p className="mb-4 text-muted">{t('invited.none')}</p>
      ) : (
        <Panel>
          {invited.map((one) => (
            <InvitedRow key={one.member.id} invited={one} mail={mail} onDone={onDone} />
          ))}
        </Panel>
      )}
      <div className="mt-4 flex flex-wrap gap-2">
        {query.hasNextPage && (
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t('common.more')}
          </Button>
        )}
        <ButtonLink to="/people/invite">{t('people.addMany')}</ButtonLink>
      </div>
    </>
  )
}

const isUnderway = ({ letter }: PendingInvitation) => letter === 'on_its_way'

interface InvitedProps {
  readonly invited: PendingInvitation
  readonly mail: Reply<'invitations.list'>['mail']
}

function InvitedRow({ invited, mail, onDone }: InvitedProps & { onDone: (text: string) => void }) {
  const { member } = invited
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-[1_1_12rem]">
        <p className="font-medium wrap-anywhere">{member.name}</p>
        <p className="text-small wrap-anywhere text-muted">
          {member.email} · {t(`people.${member.role}`)}
        </p>
      </div>
      <Letter invited={invited} mail={mail} />
      <span className="flex gap-2">
        <SendAgain member={member} onDone={onDone} />
        <CancelInvitation member={member} onDone={onDone} />
      </span>
    </div>
  )
}

function Letter({ invited: { letter, expiresAt }, mail }: InvitedProps) {
  const isOver = expiresAt === null || new Date(expiresAt) < new Date()
  if (letter === 'failed') return <Mark tone="bg-danger-soft text-danger" words={t('invited.failedOne')} />
  if (isOver) return <Mark tone="bg-warn-soft text-warn" words={t('invited.expired')} />
  const words =
    letter === 'sent' && mail === 'folder' ? 'invited.inFolder' : letter === 'none' ? 'invited.noLetter' : (`invited.${letter}` as const)
  return (
    <span className="text-small text-muted">
      {t(words)}, {t('invited.until', { until: sayDay(expiresAt) })}
    </span>
  )
}

function Mark({ tone, words }: { tone: string; words: string }) {
  return <span className={`rounded-full px-2.5 text-tiny leading-5 font-medium ${tone}`}>{words}</span>
}
