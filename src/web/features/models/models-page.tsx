/** The model providers of the organisation, for administrators. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Provider } from '#contract/models.ts'
import { useMe } from '#web/kernel/session.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { Panel, PanelSkeleton, ReadingPage } from '#web/ui/frame.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { AdminsOnly } from './admins-only.tsx'
import { whereTextGoes } from './model-picker.tsx'
import { modelsQuery, providersQuery } from './queries.ts'
import { t } from './text.ts'

/** The page of providers. */
export function ModelsPage() {
  const { user, organisation } = useMe()
  if (user.role !== 'admin') return <AdminsOnly />
  return (
    <ReadingPage
      title={t('models.title')}
      administers
      lead={t('models.lead')}
      action={
        <ButtonLink to="/models/$providerId" params={{ providerId: 'new' }} look="solid" icon="plus">
          {t('models.add')}
        </ButtonLink>
      }
    >
      <title>{t('title.page', { page: t('models.title'), organisation: organisation.name })}</title>
      <Providers />
    </ReadingPage>
  )
}

function Providers() {
  const providers = useQuery(providersQuery)
  const builtIn = useQuery(modelsQuery).data?.filter((model) => model.builtIn) ?? []
  if (providers.isPending) return <PanelSkeleton />
  if (providers.isError) return <FailureNotice error={providers.error} onRetry={() => void providers.refetch()} />
  return (
    <>
      <Panel>
        {builtIn.map((model) => (
          <div key={model.id} className="flex items-center gap-4 px-4 py-3.5">
            <Icon name="book" size={20} className="text-muted" />
            <div className="min-w-0 flex-1">
              <p className="font-medium">
                {model.name} <Tag words={t('models.builtIn')} />
              </p>
              <p className="text-small text-muted">{whereTextGoes(model)}</p>
            </div>
          </div>
        ))}
        {providers.data.map((provider) => (
          <ProviderRow key={provider.id} provider={provider} />
        ))}
      </Panel>
      {providers.data.length === 0 && (
        <div className="mt-6">
          <h2 className="font-medium">{t('models.emptyTitle')}</h2>
          <p className="max-w-[60ch] text-muted">{t('models.empty')}</p>
        </div>
      )}
    </>
  )
}

function ProviderRow({ provider }: { provider: Provider }) {
  return (
    <Link
      to="/models/$providerId"
      params={{ providerId: provider.id }}
      className="flex items-center gap-4 px-4 py-3.5 hover:bg-hover focus-visible:-outline-offset-2"
    >
      <Icon name="model" size={20} className="text-muted" />
      <span className="min-w-0 flex-1">
        <span className="block font-medium wrap-anywhere">
          {provider.name} {provider.hasKey && <Tag words={t('models.keyStored')} />}
        </span>
        <span className="block truncate font-mono text-small text-muted">{provider.baseUrl}</span>
      </span>
      <span className="flex-none text-small text-muted">{t('models.count', { count: provider.models.length })}</span>
      <Icon name="right" className="text-muted" />
    </Link>
  )
}

function Tag({ words }: { words: string }) {
  return <span className="ml-1.5 inline-block rounded-full bg-accent-soft px-2 text-tiny leading-5 font-medium text-accent">{words}</span>
}
