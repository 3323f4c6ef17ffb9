/** The dialog that asks for a fresh proof, where one is needed. */
import { Suspense, useState } from 'react'
import { useProofAsked } from '#web/kernel/proof.ts'
import { lazyPart } from '#web/ui/lazy-part.ts'

const ProofDialog = lazyPart(async () => (await import('./proof-dialog.tsx')).ProofDialog)

/** Fetched when the first proof is asked for; stays, so that it can go away as it came. */
export function Proof() {
  const answer = useProofAsked()
  const [used, setUsed] = useState(false)
  if (answer && !used) setUsed(true)
  return <Suspense>{used && <ProofDialog answer={answer} />}</Suspense>
}
