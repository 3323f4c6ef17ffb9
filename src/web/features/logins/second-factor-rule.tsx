/** Of whom the organisation requires a second factor. */
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { LoginPolicy, type LoginRules } from '#contract/sessions.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { ChoiceField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import type { SetRules } from './rules-page.tsx'
import { t } from './text.ts'

const SECOND_FACTOR = 'second-factor'

type Rule = LoginRules['secondFactor']

const OPTIONS = (['optional', 'admins', 'everyone'] as const).map((value) => ({
  value,
  label: t(`rules.second.${value}`),
  help: t(`rules.second.${value}Help`),
}))

/** The choice, and the button that puts it in force. */
export function SecondFactorRule({ policy, onSave }: { policy: LoginRules; onSave: SetRules }) {
  const part = useRef<HTMLElement>(null)
  // Whoever is led here finds it, though it comes after what it has to be fetched for.
  useEffect(() => {
    if (location.hash === `#${SECOND_FACTOR}`) part.current?.scrollIntoView()
  }, [])
  const [chosen, setChosen] = useState<Rule>(policy.secondFactor)
  const save = useMutation({
    mutationFn: () => {
      const times = LoginPolicy.strip().parse(policy)
      const { preset } = times
      return onSave(preset === 'own' ? { ...times, preset, secondFactor: chosen } : { preset, secondFactor: chosen })
    },
  })
  const needsOwn = save.error instanceof ApiProblem && save.error.is('factor.own_first')
  return (
    <section ref={part} id={SECOND_FACTOR} className="mt-10 scroll-mt-6">
      <h2 className="mb-1 text-title font-strong">{t('rules.second')}</h2>
      <p className="mb-4 text-muted">{t('rules.secondLead')}</p>
      <ChoiceField
        legend={t('rules.secondChoice')}
        name="secondFactor"
        options={OPTIONS}
        value={chosen}
        onChange={({ target }) => setChosen(target.value as Rule)}
      />
      {save.error && (
        <FailureNotice
          error={save.error}
          action={needsOwn && <ButtonLink to="/account/sign-in">{t('rules.secondOwn')}</ButtonLink>}
          className="mb-4"
        />
      )}
      {chosen === policy.secondFactor ? (
        <p className="text-muted">{t('rules.secondNow')}</p>
      ) : (
        <>
          {chosen !== 'optional' && <p className="mb-4 text-muted">{t('rules.secondEffect')}</p>}
          <Button look="solid" busy={save.isPending} onClick={() => save.mutate()}>
            {t('rules.secondSave')}
          </Button>
        </>
      )}
    </section>
  )
}
