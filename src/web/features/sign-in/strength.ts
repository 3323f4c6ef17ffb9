/** How hard a password is to guess, estimated as the server does. Its dictionaries are large, so they come when somebody chooses a password. */
import { ESTIMATE, type Guessed } from '#contract/password-rules.ts'

type Estimate = (password: string, own: string[]) => Guessed
let loaded: Promise<Estimate> | undefined

/** How hard a password is to guess, estimated as the server does. Its dictionaries are large, so they come when somebody chooses a password. */
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
