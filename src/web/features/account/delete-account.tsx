/** Deleting one's account: what it does, a proof and one's own address, and taking it back. */
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Me } from '#contract/accounts.ts'
import { call } from '#web/kernel/api.ts'
import { sayDay, sayMoment } from '#web/kernel/moments.ts'
import { withProof } from '#web/kernel/proof.ts'
import { meQuery, queryClient, useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { KeepAccount } from './keep-account.tsx'
import { t } from './leaving-text.ts'

/** The part of the page on deleting the account. */
export function DeleteAccount() {
  const { leaving } = useMe()
  const [open, setOpen] = useState(false)
  return (
    <section>
      <h3 className="mb-1 font-strong">{t('delete.title')}</h3>
      <p className="mb-4 max-w-[72ch] text-pretty text-muted">
        {leaving ? t('delete.asked', { when: sayMoment(leaving.askedAt), day: sayDay(leaving.erasedFrom) }) : t('delete.lead')}
      </p>
      {leaving ? (
        <KeepAccount />
      ) : (
        <Button look="danger" onClick={() => setOpen(true)}>
          {t('delete.open')}
        </Button>
      )}
      <Dialog title={t('delete.question')} open={open} onOpenChange={setOpen}>
        <Question onClose={() => setOpen(false)} />
      </Dialog>
    </section>
  )
}

function Question({ onClose }: { onClose: () => void }) {
  const { user } = useMe()
  const [email, setEmail] = useState('')
  const ask = useMutation({
    mutationFn: () => withProof(() => call('deletion.ask', { body: { email } })),
    onSuccess: async (leaving) => {
      queryClient.setQueryData(meQuery.queryKey, (me: Me | undefined) => me && { ...me, leaving })
      onClose()
      await queryClient.invalidateQueries({ queryKey: ['account'] })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    ask.mutate()
  }
  return (
    <form onSubmit={submit} noValidate>
      <ul className="mb-5 list-disc space-y-1.5 pl-5 marker:text-muted">
        {(['delete.now', 'delete.meanwhile', 'delete.then', 'delete.left', 'delete.take'] as const).map((key) => (
          <li key={key}>{t(key)}</li>
        ))}
      </ul>
      {ask.error && <FailureNotice error={ask.error} className="mb-4" />}
      <TextField
        label={t('delete.address', { email: user.email })}
        type="email"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="danger" busy={ask.isPending}>
          {t('delete.act')}
        </Button>
        <Button onClick={onClose}>{t('common.cancel')}</Button>
      </div>
    </form>
  )
}
