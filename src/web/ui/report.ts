/** Telling the person that something they asked for failed, wherever on the page they are by now. */
import { onRecovery } from '../kernel/connection.ts'
import { explain, Unreachable } from '../kernel/problem.ts'
import { ProofDeclined } from '../kernel/proof.ts'
import { noticeSessionEnd } from '../kernel/session.ts'
import { toast } from './toast.ts'

/** Shows what went wrong and what to do; `effect` says instead what it means for what they did. What they declined is no news. */
export function report(error: unknown, effect?: string): void {
  if (error instanceof ProofDeclined) return
  const { what, next } = explain(error)
  const close = toast({ kind: 'failed', text: effect ?? what, detail: effect === undefined ? next : what })
  if (error instanceof Unreachable && effect === undefined) closeWhenBack(close)
  noticeSessionEnd(error)
}

function closeWhenBack(close: () => void): void {
  const stop = onRecovery(() => {
    close()
    stop()
  })
}
