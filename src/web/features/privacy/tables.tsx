/** Sections that follow from settings: who receives text, how people sign in, and how long things are kept. */
import type { Privacy } from '#contract/privacy.ts'
import { rulesInWords } from '#web/features/account/rules.tsx'
import { Facts, Section, Sentence } from './section.tsx'
import { t } from './text.ts'

/** To whom the text of chats may go. */
export function Models({ privacy: { organisation, providers } }: { privacy: Privacy }) {
  return (
    <Section title={t('privacy.models')}>
      <Sentence>{providers.length === 0 ? t('privacy.modelsNone') : t('privacy.modelsText', { organisation })}</Sentence>
      {providers.length > 0 && <Facts facts={providers.map(({ name, host }) => [name, <code key={host}>{host}</code>] as const)} />}
      <div className="mt-3">
        <Sentence>{t('privacy.librarian')}</Sentence>
      </div>
    </Section>
  )
}

/** How people prove who they are, and for how long that is good. */
export function SignIn({ privacy: { signInProvider, logins } }: { privacy: Privacy }) {
  return (
    <Section title={t('privacy.signIn')}>
      <Sentence>{signInProvider ? t('privacy.signInProvider', signInProvider) : t('privacy.signInPassword')}</Sentence>
      <Sentence>{t(`privacy.secondFactor.${logins.secondFactor}`)}</Sentence>
      {rulesInWords(logins).map((sentence) => (
        <Sentence key={sentence}>{sentence}</Sentence>
      ))}
    </Section>
  )
}

/** What is removed by itself, and when. */
export function Kept({ privacy: { kept, deletion } }: { privacy: Privacy }) {
  const { undoDays, backupsKeptDays } = deletion
  return (
    <Section title={t('privacy.kept')}>
      <Sentence>{t('privacy.keptChats')}</Sentence>
      <Facts
        facts={kept.map(({ what, days }) => [t(`privacy.keptOf.${what}`), t(`privacy.keptAfter.${what}`, { count: days })] as const)}
      />
      <div className="mt-3">
        <Sentence>{t('privacy.deletion', { count: undoDays })}</Sentence>
        <Sentence>{backupsKeptDays === null ? t('privacy.backupsUnknown') : t('privacy.backups', { count: backupsKeptDays })}</Sentence>
      </div>
    </Section>
  )
}
