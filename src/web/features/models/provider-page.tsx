/** Adding a provider, or changing one. */
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useMe } from '#web/kernel/session.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { PanelSkeleton, ReadingPage } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { AdminsOnly } from './admins-only.tsx'
import { ProviderForm } from './provider-form.tsx'
import { providersQuery } from './queries.ts'
import { RemoveProvider } from './remove-provider.tsx'
import { t } from './text.ts'

/** The page of one provider; the address `new` is for one that does not exist yet. */
export function ProviderPage() {
  const { providerId } = useParams({ from: '/workspace/models/$providerId' })
  const { user } = useMe()
  if (user.role !== 'admin') return <AdminsOnly />
  return providerId === 'new' ? (
    <Page title={t('models.add')}>
      <ProviderForm provider={null} />
    </Page>
  ) : (
    <ExistingProvider key={providerId} providerId={providerId} />
  )
}

function ExistingProvider({ providerId }: { providerId: string }) {
  const providers = useQuery(providersQuery)
  const provider = providers.data?.find(({ id }) => id === providerId)
  if (provider) {
    return (
      <Page title={t('models.edit', { name: provider.name })}>
        <ProviderForm key={provider.id} provider={provider} />
        <RemoveProvider provider={provider} />
      </Page>
    )
  }
  return (
    <Page title={t('models.title')}>
      {providers.isPending && <PanelSkeleton />}
      {providers.isError && <FailureNotice error={providers.error} onRetry={() => void providers.refetch()} />}
      {providers.isSuccess && (
        <>
          <h2 className="text-title font-strong">{t('models.gone')}</h2>
          <p className="text-muted">{t('models.goneNext')}</p>
        </>
      )}
    </Page>
  )
}

function Page({ title, children }: { title: string; children: ReactNode }) {
  const { organisation } = useMe()
  return (
    <ReadingPage
      title={title}
      administers
      action={
        <ButtonLink to="/models" look="quiet" icon="left">
          {t('models.back')}
        </ButtonLink>
      }
    >
      <title>{t('title.page', { page: title, organisation: organisation.name })}</title>
      <div className="max-w-[34rem]">{children}</div>
    </ReadingPage>
  )
}
