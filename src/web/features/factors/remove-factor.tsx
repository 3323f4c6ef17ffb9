/** The question before something one signs in with is removed. */
import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ProofDeclined } from '#web/kernel/proof.ts'
import { Confirm } from '#web/ui/confirm.tsx'

interface RemoveFactorProps {
  title: string
  lead: string
  act: string
  open: boolean
  onClose: () => void
  remove: () => Promise<void>
}

/** Asks, and closes once it is done. */
export function RemoveFactor({ title, lead, act, open, onClose, remove }: RemoveFactorProps) {
  const { mutate, reset, isPending, error } = useMutation({
    mutationFn: remove,
    onSuccess: onClose,
    onError: (failure) => failure instanceof ProofDeclined && onClose(),
  })
  useEffect(() => {
    if (open) reset()
  }, [open, reset])
  return (
    <Confirm title={title} act={act} onAct={() => mutate()} busy={isPending} error={error} open={open} onClose={onClose}>
      <p>{lead}</p>
    </Confirm>
  )
}
