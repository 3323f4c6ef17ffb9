/** The form for a new account. */
import { addMember } from '#contract/accounts.ts'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { useApiForm } from '#web/kernel/form.ts'
import { withProof } from '#web/kernel/proof.ts'
import { Button } from '#web/ui/button.tsx'
import { ChoiceField, TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

const ROLES = [
  { value: 'user', label: t('people.user'), help: t('people.userHelp') },
  { value: 'admin', label: t('people.admin'), help: t('people.adminHelp') },
]

/** Creates an account and hands on its invitation. */
export function AddMember({ onInvited }: { onInvited: (invitation: Reply<'members.add'>) => void }) {
  const { form, submit, failure, errorOf, busy } = useApiForm({
    schema: addMember.body,
    defaults: { name: '', email: '', role: 'user' },
    fields: { 'member.exists': 'email' },
    send: async (body) => onInvited(await withProof(() => call('members.add', { body }))),
  })
  return (
    <form onSubmit={submit} noValidate>
      <p className="mb-4 text-muted">{t('people.addLead')}</p>
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <TextField label={t('people.name')} error={errorOf('name')} autoComplete="off" {...form.register('name')} />
      <TextField label={t('people.email')} error={errorOf('email')} type="email" autoComplete="off" {...form.register('email')} />
      <ChoiceField legend={t('people.role')} options={ROLES} {...form.register('role')} />
      <Button type="submit" look="solid" busy={busy}>
        {t('people.create')}
      </Button>
    </form>
  )
}
