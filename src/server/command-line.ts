/**
 * How a command line is understood, and answered: by a table of commands, from which help comes as well. What it should not say is
 * answered with a sentence that says where to look.
 */
import { parseArgs } from 'node:util'
import type { z } from 'zod'
import type { Config } from './config.ts'

/** What a command answers: a value for programs, which `--json` prints, and its words for people. */
export interface Result {
  readonly value: unknown
  readonly text: string
}

export interface Option {
  /** Stands for the option's value in help; an option without one is a flag. */
  readonly placeholder?: string
  readonly help: string
}

/** What a command is given: its own options, the words behind its name, and the settings. */
export interface Given {
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  readonly operands: readonly string[]
  readonly config: Config
}

export interface Description {
  /** One word, or a noun and a verb. */
  readonly name: string
  /** In one line, what it does. */
  readonly summary: string
  /** What the words behind its name are, each needed. */
  readonly operands?: readonly string[]
  readonly options?: Readonly<Record<string, Option>>
  /** Settings that stand here unless the command line says otherwise. */
  readonly settings?: Readonly<Record<string, string>>
}

export type Command = Description &
  (
    | { readonly answer: (given: Given) => Promise<Result> }
    /** Runs until it is stopped, says itself what it has to say, and resolves with the exit code. */
    | { readonly stay: (given: Given) => Promise<number> }
  )

export interface Table {
  readonly commands: readonly Command[]
  /** The command that is meant where none is named. */
  readonly usual: string
  /** The names of settings, each an option of every command. */
  readonly settings: readonly string[]
}

export type Understood =
  | { readonly kind: 'help'; readonly about: string }
  | {
      readonly kind: 'run'
      readonly command: Command
      readonly given: Omit<Given, 'config'>
      readonly settings: Readonly<Record<string, string>>
      readonly asJson: boolean
    }

/** What a command line asks for. Throws a sentence when it makes no sense. */
export function understand(args: readonly string[], table: Table): Understood {
  const { values, positionals: words } = parsed(args, table)
  if (words[0] === 'help' || values.help) return { kind: 'help', about: (words[0] === 'help' ? words.slice(1) : words).join(' ') }
  const command = commandOf(words, table)
  const operands = words.slice(command.name.split(' ').length)
  refuseUnfit(command, operands)
  const asJson = values.json === true
  if (asJson && 'stay' in command) throw new Error(`“sardonyx ${command.name}” runs until it is stopped, and has no result for --json.`)
  const settings: Record<string, string> = { ...command.settings }
  const options: Record<string, string | boolean> = {}
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || name === 'json') continue
    if (command.options?.[name]) options[name] = value
    else if (table.settings.includes(name)) settings[name] = String(value)
    else throw new Error(`“sardonyx ${command.name}” has no option --${name}. “sardonyx help ${command.name}” lists those it has.`)
  }
  return { kind: 'run', command, given: { options, operands }, settings, asJson }
}

/** The options of all commands at once: which command it is, is known only when they have been read. */
function parsed(args: readonly string[], { commands, settings }: Table) {
  const all = Object.assign({}, ...commands.map(({ options }) => options)) as Record<string, Option>
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = {
    ...Object.fromEntries(settings.map((name) => [name, text])),
    ...Object.fromEntries(Object.entries(all).map(([name, { placeholder }]) => [name, placeholder === undefined ? flag : text])),
    help: { ...flag, short: 'h' },
    json: flag,
  }
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    return { values: values as Readonly<Record<string, string | boolean | undefined>>, positionals }
  } catch (error) {
    throw new Error(`${(error as Error).message.split('.')[0]}. “sardonyx help” lists them.`, { cause: error })
  }
}

function commandOf(words: readonly string[], { commands, usual }: Table): Command {
  const said = words.length === 0 ? usual : words.join(' ')
  const command = commands.find(({ name }) => `${said} `.startsWith(`${name} `))
  if (command) return command
  const noun = words[0]!
  const verbs = commands.flatMap(({ name }) => (name.startsWith(`${noun} `) ? [name.slice(noun.length + 1)] : []))
  if (verbs.length === 0) throw new Error(`There is no command “${said}”. “sardonyx help” lists them.`)
  if (words.length === 1) throw new Error(`“sardonyx ${noun}” goes on with ${either(verbs)}. “sardonyx help ${noun}” says more.`)
  throw new Error(`There is no command “${said}”. “sardonyx help ${noun}” lists those that begin so.`)
}

function either(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function refuseUnfit({ name, operands = [] }: Command, given: readonly string[]): void {
  const missing = operands[given.length]
  if (missing !== undefined) throw new Error(`“sardonyx ${name}” needs ${missing} behind it. “sardonyx help ${name}” says more.`)
  const more = given[operands.length]
  if (more !== undefined) throw new Error(`“sardonyx ${name}” does not know what to do with “${more}”. “sardonyx help ${name}” says more.`)
}

/** What a command's options say, by their schema; throws a sentence for each that is wrong. */
export function checked<S extends z.ZodType>(schema: S, options: Given['options']): z.output<S> {
  const parsed = schema.safeParse(options)
  if (!parsed.success) throw new Error(parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n'))
  return parsed.data
}

/** A list as a result, each of it in a line. */
export function inLines<T>(value: readonly T[], line: (one: T) => string): Result {
  return { value, text: value.map(line).join('\n') || 'There are none.' }
}

/** Every command in a line. */
export function overview(commands: readonly Description[]): string {
  return commands.map((command) => `${usage(command).padEnd(34)} ${command.summary}`).join('\n')
}

/** The commands that begin with the given words, each with its options; throws a sentence when there is none. */
export function helpAbout(about: string, commands: readonly Description[]): string {
  const meant = commands.filter(({ name }) => `${name} `.startsWith(`${about} `))
  if (meant.length === 0) throw new Error(`There is no command “${about}”. “sardonyx help” lists them.`)
  return meant.map(entry).join('\n\n')
}

function entry(command: Description): string {
  const options = Object.entries(command.options ?? {}).map(([name, { placeholder, help }]) => {
    const shown = placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`
    return `  ${shown.padEnd(20)} ${help}`
  })
  return [usage(command), `  ${command.summary}`, ...options].join('\n')
}

function usage({ name, operands = [] }: Description): string {
  return ['sardonyx', name, ...operands].join(' ')
}
