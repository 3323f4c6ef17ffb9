/** Who is responsible, and whom to ask; administrators say who that is. */
import { useState } from 'react'
import { type Privacy, PrivacyContact } from '#contract/privacy.ts'
import { call } from '#web/kernel/api.ts'
import { useApiForm } from '#web/kernel/form.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { privacyQuery } from './queries.ts'
import { Section, Sentence } from './section.tsx'
import { t } from './text.ts'

/** The first section of the page. */
export function Responsible({ privacy: { organisation, contact } }: { privacy: Privacy }) {
  const { user } = useMe()
  const [changing, setChanging] = useState(false)
  const keep = async (named: PrivacyContact | null) => {
    await call('privacy.set_contact', { body: { contact: named } })
    await queryClient.invalidateQueries(privacyQuery)
    setChanging(false)
  }
  return (
    <Section title={t('privacy.responsible')}>
      <Sentence>{t('privacy.responsibleText', { organisation })}</Sentence>
      {contact ? (
        <Sentence>
          {t('privacy.ask')} {contact.name},{' '}
          <a href={`mailto:${contact.email}`} className="text-accent underline underline-offset-3">
            {contact.email}
          </a>
        </Sentence>
      ) : (
        <Sentence>{t('privacy.nobody')}</Sentence>
      )}
      {user.role === 'admin' && (
        <Button className="print:hidden" onClick={() => setChanging(true)}>
          {contact ? t('privacy.change') : t('privacy.name')}
        </Button>
      )}
      <Dialog title={t('privacy.contactTitle')} open={changing} onOpenChange={setChanging}>
        <ContactForm organisation={organisation} contact={contact} onKeep={keep} />
      </Dialog>
    </Section>
  )
}

interface ContactFormProps {
  organisation: string
  contact: PrivacyContact | null
  onKeep: (contact: PrivacyContact | null) => Promise<void>
}

function ContactForm({ organisation, contact, onKeep }: ContactFormProps) {
  const [failed, setFailed] = useState<unknown>(null)
  const { form, submit, failure, errorOf, busy } = useApiForm({
    schema: PrivacyContact,
    defaults: contact ?? { name: '', email: '' },
    send: onKeep,
  })
  const problem = failure ?? failed
  return (
    <form onSubmit={submit} noValidate>
      <p className="mb-4 text-muted">{t('privacy.contactLead', { organisation })}</p>
      {problem !== null && <FailureNotice error={problem} className="mb-4" />}
      <TextField label={t('privacy.contactName')} error={errorOf('name')} autoComplete="off" {...form.register('name')} />
      <TextField label={t('privacy.contactEmail')} error={errorOf('email')} type="email" autoComplete="off" {...form.register('email')} />
      <div className="flex gap-2.5">
        <Button type="submit" look="solid" busy={busy}>
          {t('common.save')}
        </Button>
        {contact && <Button onClick={() => void onKeep(null).catch(setFailed)}>{t('common.remove')}</Button>}
      </div>
    </form>
  )
}
