/** Signing in with a passkey alone: by a button, and, where there is one organisation, offered by the browser in the address field. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { SignInReply } from '#contract/accounts.ts'
import { askForPasskey, stopOffering } from '#web/features/factors/passkeys.ts'
import { call } from '#web/kernel/api.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { statusQuery } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

/** What is offered is good for five minutes. */
const OFFERED_AGAIN_MS = 4 * 60_000

interface PasskeySignInProps {
  /** What has been entered beside it. */
  given: () => { organisation?: string | undefined; remember?: boolean | undefined }
  onNeedsOrganisation: () => void
  take: (reply: SignInReply, remember: boolean) => void
}

/** The button. */
export function PasskeySignIn({ given, onNeedsOrganisation, take }: PasskeySignInProps) {
  const asksOrganisation = useQuery(statusQuery).data?.askOrganisation
  const enter = async (fromField: boolean) => {
    const { organisation, remember = false } = given()
    const of = organisation === undefined ? {} : { organisation }
    const { options } = await call('auth.passkey_begin', { body: of })
    const passkey = await askForPasskey(options, fromField)
    take(await call('auth.passkey', { body: { passkey, remember: given().remember ?? false, ...of } }), remember)
  }
  const { mutate, isPending, error } = useMutation({ mutationFn: () => enter(false) })
  const [refused, setRefused] = useState<unknown>(null)
  const failure = error ?? refused
  const offer = useRef(enter)
  offer.current = enter
  useEffect(() => {
    if (asksOrganisation !== false) return
    const begin = () => void offerInField(() => offer.current(true), setRefused)
    begin()
    const timer = setInterval(begin, OFFERED_AGAIN_MS)
    return () => {
      clearInterval(timer)
      stopOffering()
    }
  }, [asksOrganisation])
  return (
    <>
      <Button
        icon="key"
        busy={isPending}
        className="mt-3 w-full desk:min-h-10"
        onClick={() => (given().organisation === '' ? onNeedsOrganisation() : mutate())}
      >
        {t('signIn.passkey')}
      </Button>
      {failure !== null && <FailureNotice error={failure} className="mt-4" />}
    </>
  )
}

/** Nobody asked for it, so only what came of a passkey that somebody took is told. */
async function offerInField(enter: () => Promise<void>, onRefused: (error: unknown) => void): Promise<void> {
  if (!(await window.PublicKeyCredential?.isConditionalMediationAvailable?.())) return
  await enter().catch((error: unknown) => error instanceof ApiProblem && onRefused(error))
}
