/** An act on somebody's account: a button, a question that says what it does, and what came of it. */
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { withProof } from '#web/kernel/proof.ts'
import { Button } from '#web/ui/button.tsx'
import { Confirm } from '#web/ui/confirm.tsx'
import { lookAgain } from './queries.ts'

interface ActProps {
  /** What the buttons say. */
  act: string
  /** What the button says to screen readers, where several look alike. */
  label?: string
  title: string
  children: ReactNode
  /** Does it, and answers what to say of it. */
  run: () => Promise<string>
  onDone: (text: string) => void
  look?: 'plain' | 'danger'
}

/** The button, with its question. */
export function Act({ act, label, title, children, run, onDone, look = 'plain' }: ActProps) {
  const [open, setOpen] = useState(false)
  const doing = useMutation({ mutationFn: () => withProof(run) })
  const ask = () => {
    doing.reset()
    setOpen(true)
  }
  const done = async (text: string) => {
    await lookAgain()
    setOpen(false)
    onDone(text)
  }
  return (
    <>
      <Button look={look} aria-label={label} onClick={ask}>
        {act}
      </Button>
      <Confirm
        title={title}
        act={act}
        onAct={() => doing.mutate(undefined, { onSuccess: done })}
        busy={doing.isPending}
        error={doing.error}
        open={open}
        onClose={() => setOpen(false)}
      >
        {children}
      </Confirm>
    </>
  )
}
