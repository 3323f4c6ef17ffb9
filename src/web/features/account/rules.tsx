/** The rules for logins, in words, wherever somebody asks how long they stay signed in. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { LoginPolicy } from '#contract/sessions.ts'
import { saySpan } from '#web/kernel/moments.ts'
import { useMe } from '#web/kernel/session.ts'
import { FailureNotice } from '#web/ui/notice.tsx'
import { policyQuery } from './queries.ts'
import { t } from './text.ts'

/** The rules that hold for the person, and for administrators the way to change them. */
export function Rules() {
  const { user } = useMe()
  const policy = useQuery(policyQuery)
  return (
    <section aria-labelledby="rules" className="mt-10">
      <h3 id="rules" className="mb-1 font-strong">
        {t('rules.title')}
      </h3>
      {policy.isPending && <div className="skeleton h-11 max-w-[60ch]" aria-hidden="true" />}
      {policy.isError && <FailureNotice error={policy.error} onRetry={() => void policy.refetch()} />}
      {policy.data && (
        <p className="max-w-[68ch] text-muted">
          {rulesInWords(policy.data).join(' ')}{' '}
          {user.role === 'admin' && (
            <Link to="/logins/rules" className="text-accent underline underline-offset-3">
              {t('rules.change')}
            </Link>
          )}
        </p>
      )}
    </section>
  )
}

/** Gives the rules of a policy, a sentence each. */
export function rulesInWords(policy: Omit<LoginPolicy, 'preset'>): string[] {
  const remembered = { idle: saySpan(policy.rememberIdleLimitS), most: saySpan(policy.rememberAbsoluteLimitS) }
  return [
    t('rules.usual', { idle: saySpan(policy.idleLimitS), most: saySpan(policy.absoluteLimitS) }),
    policy.remember ? t('rules.remembered', remembered) : t('rules.notRemembered'),
    t('rules.proof', { proof: saySpan(policy.proofGoodForS) }),
    t('rules.password', { count: policy.leastPasswordLength }),
  ]
}
