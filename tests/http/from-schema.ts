/** Values made from a JSON Schema, as far as this API's schemas go: a type that is not known here fails the tests. */
import fc from 'fast-check'

export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly not?: object
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
}

/** Strings that mean something, by the name of the field that would hold them; those under '' anywhere. */
export type Known = Readonly<Record<string, readonly string[]>>

/** Values that fit a schema; strings are often ones that mean something. */
export function fitting(schema: Schema, known: Known, field = ''): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.const !== undefined) return fc.constant(schema.const)
  const one = schema.anyOf ?? schema.oneOf
  if (one) return fc.oneof(...one.map((shape) => fitting(shape, known, field)))
  switch (schema.type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -(2 ** 31), max: schema.maximum ?? 2 ** 31 })
    case 'array':
      return fc.array(fitting(schema.items ?? {}, known), { minLength: schema.minItems ?? 0, maxLength: (schema.minItems ?? 0) + 3 })
    case 'object':
      return fc.record(
        Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, one]) => [name, fitting(one, known, name)])),
        { requiredKeys: [...(schema.required ?? [])] },
      )
    case 'string':
      return strings(schema, known[field] ?? [], known[''] ?? [])
    default:
      throw new Error(`no values are known for ${JSON.stringify(schema)}`)
  }
}

/** Values that a schema may well refuse: those that fit, with a field missing, another kind of value, or more than there may be; or anything. */
export function anythingLike(fits: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const other = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.constant('x'.repeat(100_001)), fc.constant('\ud800'))
  const changed = fc.tuple(fits, fc.nat(), other, fc.boolean()).map(([value, at, instead, isMissing]) => {
    const entries = Object.entries(value as object)
    const name = entries[at % (entries.length + 1)]?.[0] ?? 'surprise'
    const { [name]: _, ...rest } = value as Record<string, unknown>
    return isMissing ? rest : { ...rest, [name]: instead }
  })
  return fc.oneof({ weight: 4, arbitrary: changed }, fc.jsonValue())
}

function strings(schema: Schema, meaningful: readonly string[], odd: readonly string[]): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = 60 } = schema
  const patterns = [schema, ...(schema.allOf ?? [])].flatMap(({ pattern }) => pattern ?? [])
  const shapes = patterns.map((pattern) => new RegExp(pattern, 'u'))
  const fits = (text: string) => text.length >= minLength && text.length <= maxLength && shapes.every((shape) => shape.test(text))
  const lengths = { minLength, maxLength: Math.min(maxLength, minLength + 60) }
  // fast-check makes no strings of Unicode's properties; almost any text fits those that are asked for here.
  const isMakeable = patterns.length === 1 && !patterns[0]!.includes('\\p')
  const made = isMakeable ? fc.stringMatching(shapes[0]!) : fc.string({ unit: 'grapheme', ...lengths })
  const fixed = [...meaningful, ...odd].filter(fits)
  return (fixed.length === 0 ? made : fc.oneof(made, fc.constantFrom(...fixed))).filter(fits)
}
