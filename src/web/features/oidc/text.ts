/** The words about the sign-in provider, fetched with what shows them. */
import { oidc } from '#web/kernel/en/oidc.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof oidc> = textOf(oidc)
