/** Beginning to recover somebody's account: what they lost decides who has to agree. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { MemberDetails } from '#contract/people.ts'
import { call } from '#web/kernel/api.ts'
import { withProof } from '#web/kernel/proof.ts'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { ChoiceField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { lookAgain } from './queries.ts'
import { t } from './text.ts'

type Lost = 'password' | 'password_and_factors'

/** The button, and the question what was lost. */
export function Recover({ of, onDone }: { of: MemberDetails; onDone: (text: string) => void }) {
  const { name } = of.member
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('recover.act')}</Button>
      <Dialog title={t('recover.ask', { name })} open={open} onOpenChange={setOpen}>
        <Ask
          of={of}
          onClose={() => setOpen(false)}
          onDone={(text) => {
            setOpen(false)
            onDone(text)
          }}
        />
      </Dialog>
    </>
  )
}

function Ask({ of, onClose, onDone }: { of: MemberDetails; onClose: () => void; onDone: (text: string) => void }) {
  const { id, name, email } = of.member
  const [lost, setLost] = useState<Lost>('password')
  const begin = useMutation({
    mutationFn: () => withProof(() => call('recoveries.start', { params: { userId: id }, body: { lost } })),
    onSuccess: async ({ sent, mail, recovery }) => {
      await lookAgain()
      const done = recovery.state === 'asked' ? 'recover.asked' : mail === 'smtp' ? 'recover.done' : 'recover.doneKept'
      onDone(t(sent ? done : 'recover.notSent', { name, email }))
    },
  })
  const byOperator = lost === 'password_and_factors' && !of.anotherDecides
  return (
    <>
      <p className="mb-4">{t('recover.lead', { name })}</p>
      <ChoiceField
        legend={t('recover.lost')}
        name="lost"
        value={lost}
        onChange={({ target }) => setLost(target.value as Lost)}
        options={[
          { value: 'password', label: t('recover.password'), help: t('recover.passwordHelp', { email }) },
          {
            value: 'password_and_factors',
            label: t('recover.password_and_factors'),
            help: t(of.anotherDecides ? 'recover.factorsHelp' : 'recover.factorsAlone', { email }),
          },
        ]}
      />
      {begin.isError && <FailureNotice error={begin.error} className="mb-4" />}
      <div className="flex flex-wrap gap-2">
        {!byOperator && (
          <Button look="solid" busy={begin.isPending} onClick={() => begin.mutate()}>
            {t('recover.begin')}
          </Button>
        )}
        <Button onClick={onClose}>{t('common.cancel')}</Button>
      </div>
    </>
  )
}
