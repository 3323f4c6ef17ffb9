/** How one signs in: each way in a section of its own. */
import { FactorSections } from '#web/features/factors/factor-sections.tsx'
import { IdentitySection } from '#web/features/oidc/identity-section.tsx'
import { Part } from './part.tsx'
import { PasswordSection } from './password-section.tsx'
import { t } from './text.ts'

/** The page `/account/sign-in`. */
export function SignInWaysPage() {
  return (
    <Part title={t('account.signIn')} lead={t('ways.lead')}>
      <PasswordSection />
      <FactorSections />
      <IdentitySection />
    </Part>
  )
}
