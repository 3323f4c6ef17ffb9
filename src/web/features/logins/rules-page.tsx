/** How long people stay signed in: a preset, or bounds of the organisation's own. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type LoginPolicy, type LoginRules, PRESETS } from '#contract/sessions.ts'
import { policyQuery } from '#web/features/account/queries.ts'
import { rulesInWords } from '#web/features/account/rules.tsx'
import { call } from '#web/kernel/api.ts'
import type { Given } from '#web/kernel/endpoints.ts'
import { withProof } from '#web/kernel/proof.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { ChoiceField } from '#web/ui/field.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { OwnRules } from './own-rules.tsx'
import { PresetRules } from './preset-rules.tsx'
import { SecondFactorRule } from './second-factor-rule.tsx'
import { t } from './text.ts'

/** Puts rules in force. */
export type SetRules = (rules: Given<'login_policy.set'>['body']) => Promise<void>

/** The page `/logins/rules`. */
export function RulesPage() {
  const { organisation } = useMe()
  const policy = useQuery(policyQuery)
  return (
    <div className="max-w-[46rem]">
      <title>{t('title.page', { page: t('logins.rules'), organisation: organisation.name })}</title>
      <p className="mb-5 text-muted">{t('rules.lead', { organisation: organisation.name })}</p>
      {policy.isPending && <PanelSkeleton rows={3} />}
      {policy.isError && <FailureNotice error={policy.error} onRetry={() => void policy.refetch()} />}
      {policy.data && <Rules policy={policy.data} />}
    </div>
  )
}

function Rules({ policy }: { policy: LoginRules }) {
  const [chosen, setChosen] = useState(policy.preset)
  const [saved, setSaved] = useState(false)
  const choose = (preset: LoginPolicy['preset']) => {
    setSaved(false)
    setChosen(preset)
  }
  const save: SetRules = async (body) => {
    setSaved(false)
    queryClient.setQueryData(policyQuery.queryKey, await withProof(() => call('login_policy.set', { body })))
    await queryClient.invalidateQueries({ queryKey: ['logins'] })
    setSaved(true)
  }
  const options = (['everyday', 'strict', 'own'] as const).map((value) => ({
    value,
    label: t(`rules.${value}`),
    help: value === 'own' ? t('rules.ownHelp') : <Sentences of={rulesInWords(PRESETS[value])} />,
  }))
  return (
    <>
      {saved && <Outcome text={t('rules.saved')} />}
      <ChoiceField
        legend={t('rules.choice')}
        name="preset"
        options={options}
        value={chosen}
        onChange={({ target }) => choose(target.value as LoginPolicy['preset'])}
      />
      {chosen === 'own' ? <OwnRules policy={policy} onSave={save} /> : <PresetRules preset={chosen} policy={policy} onSave={save} />}
      <SecondFactorRule key={policy.secondFactor} policy={policy} onSave={save} />
    </>
  )
}

function Sentences({ of }: { of: readonly string[] }) {
  return of.map((sentence) => (
    <span key={sentence} className="block">
      {sentence}
    </span>
  ))
}
