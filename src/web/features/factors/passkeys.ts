/** Passkeys of this browser: making one and using one. What the browser refuses is said in sentences of our own. */
import { startAuthentication, startRegistration, WebAuthnAbortService, WebAuthnError } from '@simplewebauthn/browser'
import type { Given } from '#web/kernel/endpoints.ts'
import { Explained } from '#web/kernel/problem.ts'
import { t } from './text.ts'

type Creation = Parameters<typeof startRegistration>[0]['optionsJSON']
type Request = Parameters<typeof startAuthentication>[0]['optionsJSON']
type NewPasskey = Given<'passkeys.add'>['body']['passkey']
type PasskeyResponse = Given<'auth.passkey'>['body']['passkey']

/** Has the browser make a passkey; `options` are the server's. */
export async function makePasskey(options: object): Promise<NewPasskey> {
  const made = await startRegistration({ optionsJSON: options as Creation }).catch((error: unknown) => refuse(error, t('passkey.notMade')))
  return made as unknown as NewPasskey
}

/** Has the browser ask for a passkey; `fromField` offers them in the address field instead, until somebody takes one. */
export async function askForPasskey(options: object, fromField = false): Promise<PasskeyResponse> {
  const used = await startAuthentication({ optionsJSON: options as Request, useBrowserAutofill: fromField }).catch((error: unknown) =>
    refuse(error, t('passkey.cancelled')),
  )
  return used as unknown as PasskeyResponse
}

/** Takes back what `askForPasskey` offers in a field. */
export function stopOffering(): void {
  WebAuthnAbortService.cancelCeremony()
}

function refuse(error: unknown, otherwise: string): never {
  if (window.PublicKeyCredential === undefined) throw new Explained(t('passkey.unsupported'), t('passkey.unsupportedNext'))
  if (error instanceof WebAuthnError && error.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED')
    throw new Explained(t('passkey.known'), t('passkey.knownNext'))
  if (error instanceof WebAuthnError && (error.code === 'ERROR_INVALID_DOMAIN' || error.code === 'ERROR_INVALID_RP_ID'))
    throw new Explained(t('passkey.notHere'), t('passkey.notHereNext'))
  throw new Explained(otherwise, t('passkey.cancelledNext'))
}
