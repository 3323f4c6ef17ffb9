/** For somebody who found a login that is not theirs: what shutting everybody else out does, doing it, and what it does not do. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '#web/kernel/api.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

/** A button that explains before it acts. */
export function NotMe() {
  const [open, setOpen] = useState(false)
  const report = useMutation({
    mutationFn: () => call('devices.not_me'),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['account'] }),
  })
  const begin = () => {
    report.reset()
    setOpen(true)
  }
  return (
    <>
      <Button onClick={begin}>{t('notMe.open')}</Button>
      <Dialog title={t(report.data ? 'notMe.doneTitle' : 'notMe.title')} open={open} onOpenChange={setOpen}>
        {report.data ? (
          <Done ended={report.data.ended} onClose={() => setOpen(false)} />
        ) : (
          <>
            <p className="mb-2">{t('notMe.lead')}</p>
            <ul className="mb-5 list-disc space-y-1 pl-5 marker:text-muted">
              {(['notMe.devices', 'notMe.tokens', 'notMe.here'] as const).map((key) => (
                <li key={key}>{t(key)}</li>
              ))}
            </ul>
            {report.error && <FailureNotice error={report.error} className="mb-4" />}
            <div className="flex flex-wrap gap-2">
              <Button look="danger" busy={report.isPending} onClick={() => report.mutate()}>
                {t('notMe.run')}
              </Button>
              <Button onClick={() => setOpen(false)}>{t('common.cancel')}</Button>
            </div>
          </>
        )}
      </Dialog>
    </>
  )
}

function Done({ ended, onClose }: { ended: number; onClose: () => void }) {
  const { organisation } = useMe()
  return (
    <>
      <p role="status" className="mb-4">
        {ended === 0 ? t('notMe.none') : t('notMe.done', { count: ended })}
      </p>
      <Notice tone="warn" className="mb-5">
        <p className="font-medium">{t('notMe.passwordTitle')}</p>
        <p>{t('notMe.password', { organisation: organisation.name })}</p>
      </Notice>
      <div className="flex flex-wrap gap-2">
        <ButtonLink to="/account/sign-in" look="solid">
          {t('notMe.change')}
        </ButtonLink>
        <Button autoFocus onClick={onClose}>
          {t('notMe.understood')}
        </Button>
      </div>
    </>
  )
}
