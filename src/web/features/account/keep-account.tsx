/** Keeping the account after all. */
import { useMutation } from '@tanstack/react-query'
import type { Me } from '#contract/accounts.ts'
import { call } from '#web/kernel/api.ts'
import { meQuery, queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { report } from '#web/ui/report.ts'
import { toast } from '#web/ui/toast.ts'
import { t } from './leaving-text.ts'

/** A button that takes the deletion back, at once. */
export function KeepAccount() {
  const keep = useMutation({
    mutationFn: () => call('deletion.undo'),
    onSuccess: async () => {
      queryClient.setQueryData(meQuery.queryKey, (me: Me | undefined) => me && { ...me, leaving: null })
      toast({ text: t('delete.kept') })
      await queryClient.invalidateQueries({ queryKey: ['account'] })
    },
    onError: report,
  })
  return (
    <Button busy={keep.isPending} onClick={() => keep.mutate()}>
      {t('delete.keep')}
    </Button>
  )
}
