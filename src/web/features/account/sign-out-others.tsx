/** Signing out every device but this one, after saying how many that are. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '#web/kernel/api.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { Confirm } from '#web/ui/confirm.tsx'
import { t } from './text.ts'

interface SignOutOthersProps {
  /** How many others are known; null when there may be more. */
  count: number | null
  onDone: (text: string) => void
}

/** A button that asks first. */
export function SignOutOthers({ count, onDone }: SignOutOthersProps) {
  const [asking, setAsking] = useState(false)
  const end = useMutation({
    mutationFn: () => call('devices.end_others'),
    onSuccess: async ({ ended }) => {
      await queryClient.invalidateQueries({ queryKey: ['account'] })
      setAsking(false)
      onDone(ended === 0 ? t('devices.noneLeft') : t('devices.othersLeft', { count: ended }))
    },
  })
  return (
    <>
      <Button look="danger" onClick={() => setAsking(true)}>
        {t('devices.others')}
      </Button>
      <Confirm
        title={count === null ? t('devices.othersTitleMany') : t('devices.othersTitle', { count })}
        act={t('devices.others')}
        onAct={() => end.mutate()}
        busy={end.isPending}
        error={end.error}
        open={asking}
        onClose={() => setAsking(false)}
      >
        <p>{t('devices.othersLead')}</p>
      </Confirm>
    </>
  )
}
