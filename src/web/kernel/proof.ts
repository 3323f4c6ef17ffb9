/**
 * Acts that need a fresh proof that it is really the person signed in. The server decides which; when it asks for one, the
 * person is asked, and what they were doing goes on.
 */
import { cell, useCell } from './cell.ts'
import { ApiProblem } from './problem.ts'

/** The person would not prove who they are, so nothing was done. Nobody needs to be told: they know. */
export class ProofDeclined extends Error {
  constructor() {
    super('the proof was declined')
  }
}

interface Asked {
  readonly promise: Promise<boolean>
  readonly answer: (proven: boolean) => void
}

const asked = cell<Asked | null>(null)

/** Runs it; when the server wants a proof first, asks for it and runs it again. Rejects with `ProofDeclined` if there is none. */
export async function withProof<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof ApiProblem && error.is('auth.proof_needed'))) throw error
    const { promise } = asked.get() ?? ask()
    if (!(await promise)) throw new ProofDeclined()
    return run()
  }
}

/** Asks: once, however many acts wait for the answer. */
function ask(): Asked {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const question: Asked = {
    promise,
    answer(proven) {
      asked.set(null)
      resolve(proven)
    },
  }
  asked.set(question)
  return question
}

/** Gives the way to answer while a proof is asked for, and null otherwise; for the part of the page that asks. */
export function useProofAsked(): Asked['answer'] | null {
  return useCell(asked, (question) => question?.answer ?? null)
}
