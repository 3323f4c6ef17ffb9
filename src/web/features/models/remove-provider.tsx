/** Removing a provider, after saying what that does. */
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Provider } from '#contract/models.ts'
import { call } from '#web/kernel/api.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { toast } from '#web/ui/toast.ts'
import { modelsQuery, providersQuery } from './queries.ts'
import { t } from './text.ts'

/** A button that asks first. */
export function RemoveProvider({ provider }: { provider: Provider }) {
  const navigate = useNavigate()
  const [asking, setAsking] = useState(false)
  const removal = useMutation({
    mutationFn: () => call('providers.remove', { params: { providerId: provider.id } }),
    onSuccess: async () => {
      toast({ text: t('models.removed', { name: provider.name }) })
      await navigate({ to: '/models' })
      await Promise.all([queryClient.invalidateQueries(providersQuery), queryClient.invalidateQueries(modelsQuery)])
    },
  })
  return (
    <div className="mt-8 border-t border-line pt-5">
      <Button look="danger" icon="trash" onClick={() => setAsking(true)}>
        {t('models.remove', { name: provider.name })}
      </Button>
      <Dialog title={t('models.removeTitle', { name: provider.name })} open={asking} onOpenChange={setAsking}>
        <p className="mb-4">{t('models.removeLead')}</p>
        {removal.error && <FailureNotice error={removal.error} className="mb-4" />}
        <div className="flex gap-2">
          <Button look="danger" busy={removal.isPending} onClick={() => removal.mutate()}>
            {t('common.remove')}
          </Button>
          <Button onClick={() => setAsking(false)}>{t('common.cancel')}</Button>
        </div>
      </Dialog>
    </div>
  )
}
