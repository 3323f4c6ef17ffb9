/** How others see one: the name and the picture. */
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { changeMe } from '#contract/profile.ts'
import { Part } from '#web/features/account/part.tsx'
import { call } from '#web/kernel/api.ts'
import { useApiForm } from '#web/kernel/form.ts'
import { meQuery, queryClient, useMe } from '#web/kernel/session.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { PicturePart } from './picture-part.tsx'
import { t } from './text.ts'

/** The page `/account/profile`. */
export function ProfilePage() {
  const { organisation, user } = useMe()
  const [outcome, setOutcome] = useState<string | null>(null)
  return (
    <Part title={t('profile.title')} lead={t('profile.lead', { organisation: organisation.name })}>
      {outcome !== null && <Outcome text={outcome} />}
      <PicturePart onDone={setOutcome} />
      <div className="max-w-[26rem]">
        {/* Begins anew when the name was changed on another device. */}
        <NameForm key={user.name} name={user.name} onDone={setOutcome} />
        <p className="mb-1 font-medium">{t('profile.email')}</p>
        <p className="wrap-anywhere">{user.email}</p>
        <p className="mt-1 mb-3 text-small text-muted">{t('profile.emailHelp')}</p>
        <ButtonLink to="/account/address">{t('profile.changeEmail')}</ButtonLink>
        <p className="mt-7">
          <Link to="/privacy" className="text-accent underline underline-offset-3">
            {t('profile.privacy')}
          </Link>
        </p>
      </div>
    </Part>
  )
}

function NameForm({ name, onDone }: { name: string; onDone: (text: string) => void }) {
  const { form, submit, failure, errorOf, busy } = useApiForm({
    schema: changeMe.body,
    defaults: { name },
    send: async (body) => {
      const me = await call('me.change', { body })
      queryClient.setQueryData(meQuery.queryKey, me)
      void queryClient.invalidateQueries({ queryKey: ['members'] })
      onDone(t('profile.nameSaved', { name: me.user.name }))
    },
  })
  return (
    <form onSubmit={submit} noValidate className="mb-7">
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <TextField label={t('profile.name')} error={errorOf('name')} autoComplete="name" {...form.register('name')} />
      <Button type="submit" busy={busy}>
        {t('common.save')}
      </Button>
    </form>
  )
}
