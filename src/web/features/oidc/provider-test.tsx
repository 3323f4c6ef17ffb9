/** Whether the provider works: a test that signs nobody in, as it is entered, and a try that goes the whole way, as it is saved. */
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { UseFormReturn } from 'react-hook-form'
import type { SignInProvider } from '#contract/oidc.ts'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { Button } from '#web/ui/button.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { t } from './text.ts'
import { useSetOut } from './use-set-out.ts'

/** What the form holds; domains are lines. */
export interface Values extends Omit<SignInProvider, 'domains' | 'timeChanged'> {
  clientSecret: string
  domains: string
}

/** Failures that are about one field. */
export const ABOUT_FIELDS = { 'provider.address_refused': 'issuer', 'oidc.secret_needed': 'clientSecret' } as const

type Finding = Reply<'sign_in_provider.test'>['findings'][number]

/** The secret as it is sent: none, where the stored one is to be kept. */
export const secretOf = ({ clientSecret }: { readonly clientSecret: string }) => {
  const typed = clientSecret.trim()
  return typed === '' ? {} : { clientSecret: typed }
}

const NEEDED = ['issuer', 'clientId'] as const

/** The button, and below it what the test found. What is missing for it is said, and its field takes the focus. */
export function ProviderTest({ form }: { form: UseFormReturn<Values, unknown, Values> }) {
  const found = useRef<HTMLDivElement>(null)
  const test = useMutation({
    mutationFn: ({ issuer, clientId, clientSecret }: Values) =>
      call('sign_in_provider.test', { body: { issuer, clientId, ...secretOf({ clientSecret }) } }),
  })
  const { data, error } = test
  useEffect(() => {
    if (data || error) found.current?.focus()
  }, [data, error])
  const [missing, setMissing] = useState<(typeof NEEDED)[number]>()
  const run = () => {
    const lacking = NEEDED.find((name) => form.getValues(name).trim() === '')
    setMissing(lacking)
    if (lacking) form.setFocus(lacking)
    else test.mutate(form.getValues())
  }
  return (
    <div className="mb-4">
      <Button busy={test.isPending} onClick={run}>
        {test.isPending ? t('provider.testing') : t('provider.test')}
      </Button>
      {missing && (
        <p role="alert" className="mt-2 text-small text-danger">
          {t('provider.missing', { field: t(`provider.${missing}`) })}
        </p>
      )}
      <div ref={found} tabIndex={-1} aria-live="polite" className="mt-3 scroll-my-6 rounded-control outline-none empty:hidden">
        {error !== null && <FailureNotice error={error} />}
        {data && !test.isPending && <Findings of={data.findings} />}
      </div>
    </div>
  )
}

function Findings({ of }: { of: readonly Finding[] }) {
  return (
    <ul className="divide-y divide-line rounded-control border border-line bg-surface">
      {of.map(({ good, sentence }) => (
        <li key={sentence} className="flex items-start gap-2.5 px-3.5 py-2">
          <Icon
            name={good ? 'check' : 'warn'}
            className={`mt-[3px] ${good ? 'text-accent' : good === false ? 'text-danger' : 'text-muted'}`}
          />
          <span className="min-w-0">
            <span className="sr-only">{t(good ? 'provider.good' : good === false ? 'provider.bad' : 'provider.unknown')} </span>
            {sentence}
          </span>
        </li>
      ))}
    </ul>
  )
}

/** The way through the provider that is saved; what it says is shown on this page afterwards. */
export function ProviderTry({ isChanged }: { isChanged: boolean }) {
  const { setOut, error, busy } = useSetOut(() => call('sign_in_provider.try'))
  return (
    <div className="mt-8 border-t border-line pt-5">
      {error !== null && <FailureNotice error={error} className="mb-4" />}
      <Button busy={busy} disabled={isChanged} onClick={setOut}>
        {t('provider.try')}
      </Button>
      <p className="mt-2 max-w-[68ch] text-small text-muted">{t(isChanged ? 'provider.trySave' : 'provider.tryHelp')}</p>
    </div>
  )
}
