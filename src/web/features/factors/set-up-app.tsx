/** Setting an authenticator app up: a picture for its camera, the secret for those who type it, and a code that shows that it works. */
import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { renderSVG } from 'uqr'
import { call } from '#web/kernel/api.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { ProofDeclined, withProof } from '#web/kernel/proof.ts'
import { Button } from '#web/ui/button.tsx'
import { CopyIcon } from '#web/ui/copy-button.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { CodeField } from './code-field.tsx'
import { t } from './text.ts'

interface SetUpAppProps {
  onAdded: (recoveryCodes: readonly string[] | null) => Promise<void>
  onCancel: () => void
}

/** The steps, in one panel. */
export function SetUpApp({ onAdded, onCancel }: SetUpAppProps) {
  const { mutate, data, error } = useMutation({
    mutationFn: () => withProof(() => call('authenticator_app.begin')),
    onError: (failure) => failure instanceof ProofDeclined && onCancel(),
  })
  useEffect(() => mutate(), [mutate])
  if (error) return <FailureNotice error={error} onRetry={() => mutate()} />
  if (!data) return <PanelSkeleton rows={1} lines={3} />
  return (
    <div className="rounded-panel border border-line bg-surface p-5 pb-4">
      <Scan uri={data.uri} secret={data.secret} />
      <ConfirmApp onAdded={onAdded} onCancel={onCancel} />
    </div>
  )
}

function Scan({ uri, secret }: { uri: string; secret: string }) {
  const spaced = secret.replace(/(.{4})(?=.)/g, '$1 ')
  return (
    <div className="mb-5 flex flex-wrap gap-x-6 gap-y-4">
      <div>
        <p className="mb-2 font-medium">{t('app.scan')}</p>
        <img
          src={`data:image/svg+xml,${encodeURIComponent(renderSVG(uri, { border: 2 }))}`}
          alt={t('app.picture')}
          className="size-44 rounded-control border border-line bg-white"
        />
      </div>
      <div className="min-w-0 flex-[1_1_14rem]">
        <p className="mb-2 text-muted">{t('app.typed')}</p>
        <div className="flex items-start gap-1">
          <code className="block min-w-0 flex-1 rounded-control border border-control bg-sunken px-3 py-2 font-mono text-small break-words select-all">
            {spaced}
          </code>
          <CopyIcon label={t('app.copy')} text={() => secret} />
        </div>
      </div>
    </div>
  )
}

function ConfirmApp({ onAdded, onCancel }: SetUpAppProps) {
  const { form, submit, failure, errorOf, busy } = usePlainForm<{ code: string }>({
    defaults: { code: '' },
    fields: { 'auth.wrong_code': 'code' },
    send: async (body) => onAdded((await withProof(() => call('authenticator_app.confirm', { body }))).recoveryCodes),
  })
  return (
    <form onSubmit={submit} noValidate>
      <p className="mb-2">{t('app.confirmLead')}</p>
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <CodeField kind="code" error={errorOf('code')} autoFocus {...form.register('code')} />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="solid" busy={busy}>
          {t('app.confirm')}
        </Button>
        <Button onClick={onCancel}>{t('common.cancel')}</Button>
      </div>
    </form>
  )
}
