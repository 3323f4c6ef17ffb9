/** What the organisation keeps of its people, in plain words: each sentence follows from a setting, or from how Sardonyx is made. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Privacy } from '#contract/privacy.ts'
import { useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { PanelSkeleton, ReadingPage } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { privacyQuery } from './queries.ts'
import { Responsible } from './responsible.tsx'
import { Facts, Points, Section, Sentence } from './section.tsx'
import { Kept, Models, SignIn } from './tables.tsx'
import { t } from './text.ts'

/** The page `/privacy`. */
export function PrivacyPage() {
  const { organisation } = useMe()
  const privacy = useQuery(privacyQuery)
  return (
    <ReadingPage
      title={t('privacy.title')}
      lead={t('privacy.lead', { organisation: organisation.name })}
      action={<Button onClick={() => print()}>{t('privacy.print')}</Button>}
    >
      <title>{t('title.page', { page: t('privacy.title'), organisation: organisation.name })}</title>
      {privacy.isPending && <PanelSkeleton rows={5} />}
      {privacy.isError && <FailureNotice error={privacy.error} onRetry={() => void privacy.refetch()} />}
      {privacy.data && <Said privacy={privacy.data} />}
    </ReadingPage>
  )
}

function Said({ privacy }: { privacy: Privacy }) {
  const { organisation, signInProvider } = privacy
  const linked = signInProvider ? [t('privacy.clearProvider', { name: signInProvider.name })] : []
  return (
    <>
      <Responsible privacy={privacy} />
      <Section title={t('privacy.stored')}>
        <div className="grid gap-x-8 gap-y-4 desk:grid-cols-2">
          <Points title={t('privacy.sealed')} lead={t('privacy.sealedText')} points={SEALED} />
          <Points title={t('privacy.clear')} lead={t('privacy.clearText')} points={[...CLEAR, ...linked]} />
        </div>
        <Sentence>{t('privacy.hashed')}</Sentence>
        <Sentence>{t('privacy.memory')}</Sentence>
      </Section>
      <Section title={t('privacy.seen')}>
        <Facts
          facts={[
            [t('privacy.seenYou'), t('privacy.seenYouText')],
            [
              t('privacy.seenPeople', { organisation }),
              t(privacy.directory === 'everyone' ? 'privacy.seenEveryone' : 'privacy.seenShared'),
            ],
            [t('privacy.seenAdmins'), t('privacy.seenAdminsText')],
            [t('privacy.seenOthers'), t('privacy.seenOthersText')],
          ]}
        />
      </Section>
      <Models privacy={privacy} />
      <SignIn privacy={privacy} />
      <Kept privacy={privacy} />
      <Section title={t('privacy.rights')}>
        <ul className="list-disc space-y-1 pl-5">
          <li>{t('privacy.rightsExport')}</li>
          <Way page="/account/devices" words={t('privacy.rightsDevices')} />
          <Way page="/account/security" words={t('privacy.rightsLog')} />
          <Way page="/account/profile" words={t('privacy.rightsProfile')} />
        </ul>
      </Section>
    </>
  )
}

const SEALED = [t('privacy.sealedChats'), t('privacy.sealedOwn'), t('privacy.sealedFactors'), t('privacy.sealedSettings')]
const CLEAR = [t('privacy.clearPerson'), t('privacy.clearLogins'), t('privacy.clearLog'), t('privacy.clearShape')]

function Way({ page, words }: { page: '/account/devices' | '/account/security' | '/account/profile'; words: string }) {
  return (
    <li>
      <Link to={page} className="text-accent underline underline-offset-3">
        {words}
      </Link>
    </li>
  )
}
