/** How hard a password is to guess, estimated with the dictionaries that the browser has, too. Loaded when it is first asked for: they are large. */
import { ESTIMATE, type Guessed } from '#contract/password-rules.ts'

type Estimate = (password: string, own: string[]) => Guessed
let loaded: Promise<Estimate> | undefined

/** The estimate. */
export function loadEstimate(): Promise<Estimate> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Estimate> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ])
  const zxcvbn = new ZxcvbnFactory({
    ...ESTIMATE,
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    translations: english.translations,
  })
  return (password, own) => zxcvbn.check(password, own)
}
