/** Changing one's own address: asked for here, and confirmed here by the link that was mailed to the new one. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouterState } from '@tanstack/react-router'
import { useState } from 'react'
import { askAddress } from '#contract/people.ts'
import { Part } from '#web/features/account/part.tsx'
import { call } from '#web/kernel/api.ts'
import { useApiForm } from '#web/kernel/form.ts'
import { sayMoment } from '#web/kernel/moments.ts'
import { seeUser } from '#web/kernel/preferences.ts'
import { withProof } from '#web/kernel/proof.ts'
import { useMe } from '#web/kernel/session.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { TextField } from '#web/ui/field.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { t } from './address-text.ts'

/** The page `/account/address`; a token of a link stands in its fragment. */
export function AddressPage() {
  const { email } = useMe().user
  const token = useRouterState({ select: (state) => state.location.hash })
  const [outcome, setOutcome] = useState<string | null>(null)
  return (
    <Part title={t('address.title')} lead={t('address.lead', { email })}>
      {outcome !== null && <Outcome text={outcome} />}
      {token === '' ? (
        <>
          {outcome === null && <Pending onDone={setOutcome} />}
          <Ask onDone={setOutcome} />
        </>
      ) : (
        <Confirm key={token} token={token} />
      )}
    </Part>
  )
}

/** What was asked for earlier and waits for its link to be followed. */
function Pending({ onDone }: { onDone: (text: string | null) => void }) {
  const client = useQueryClient()
  const { data } = useQuery({ queryKey: ['address.pending'], queryFn: () => call('address.pending') })
  const withdraw = useMutation({
    mutationFn: () => call('address.withdraw'),
    onSuccess: () => {
      client.setQueryData(['address.pending'], { pending: null })
      onDone(t('address.withdrawn'))
    },
  })
  if (!data?.pending) return null
  const { email, until } = data.pending
  return (
    <>
      {withdraw.isError && <FailureNotice error={withdraw.error} className="mb-4" />}
      <Notice
        className="mb-5 max-w-[40rem]"
        action={
          <Button busy={withdraw.isPending} onClick={() => withdraw.mutate()}>
            {t('address.withdraw')}
          </Button>
        }
      >
        {t('address.pending', { email, until: sayMoment(until) })}
      </Notice>
    </>
  )
}

function Ask({ onDone }: { onDone: (text: string | null) => void }) {
  const { form, submit, failure, errorOf, busy } = useApiForm({
    schema: askAddress.body,
    defaults: { email: '' },
    fields: { 'address.unchanged': 'email' },
    send: async (body) => {
      onDone(null)
      const { sent, mail } = await withProof(() => call('address.ask', { body }))
      onDone(t(!sent ? 'address.notSent' : mail === 'smtp' ? 'address.asked' : 'address.askedKept', body))
      form.reset()
    },
  })
  return (
    <form onSubmit={submit} noValidate className="max-w-[26rem]">
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <TextField
        label={t('address.new')}
        help={t('address.newHelp')}
        error={errorOf('email')}
        type="email"
        autoComplete="email"
        {...form.register('email')}
      />
      <span className="flex flex-wrap gap-2">
        <Button type="submit" look="solid" busy={busy}>
          {t('address.ask')}
        </Button>
        <ButtonLink to="/account/profile">{t('address.toProfile')}</ButtonLink>
      </span>
    </form>
  )
}

function Confirm({ token }: { token: string }) {
  const asked = useQuery({
    queryKey: ['address.asked', token],
    queryFn: () => call('address.asked', { body: { token } }),
    retry: false,
    gcTime: 0,
  })
  const confirm = useMutation({
    mutationFn: () => call('address.confirm', { body: { token } }),
    onSuccess: ({ email }) => seeUser(() => ({ email })),
  })
  if (confirm.data)
    return (
      <>
        <Outcome text={t('address.done', { email: confirm.data.email })} />
        <ButtonLink to="/account/profile">{t('address.toProfile')}</ButtonLink>
      </>
    )
  if (asked.isError) return <FailureNotice error={asked.error} className="mb-4" />
  if (!asked.data) return null
  return (
    <>
      <h3 className="mb-1 font-medium break-words">{t('address.confirmTitle', asked.data)}</h3>
      <p className="mb-4 text-muted">{t('address.confirmLead')}</p>
      {confirm.isError && <FailureNotice error={confirm.error} className="mb-4" />}
      <Button look="solid" busy={confirm.isPending} onClick={() => confirm.mutate()}>
        {t('address.confirm')}
      </Button>
    </>
  )
}
