/** The types of every declared endpoint by its id. Types only: nothing of the contract is loaded to make a call. */
import type { z } from 'zod'
import type * as accounts from '#contract/accounts.ts'
import type * as care from '#contract/care.ts'
import type * as chats from '#contract/chats.ts'
import type * as drafts from '#contract/drafts.ts'
import type { Endpoint } from '#contract/endpoint.ts'
import type * as events from '#contract/events.ts'
import type * as factors from '#contract/factors.ts'
import type * as leaving from '#contract/leaving.ts'
import type * as models from '#contract/models.ts'
import type * as oidc from '#contract/oidc.ts'
import type * as passwords from '#contract/passwords.ts'
import type * as people from '#contract/people.ts'
import type * as privacy from '#contract/privacy.ts'
import type * as profile from '#contract/profile.ts'
import type * as security from '#contract/security.ts'
import type * as sessions from '#contract/sessions.ts'
import type * as sharing from '#contract/sharing.ts'
import type * as tree from '#contract/tree.ts'

type Exported = typeof accounts &
  typeof care &
  typeof chats &
  typeof drafts &
  typeof events &
  typeof factors &
  typeof leaving &
  typeof models &
  typeof oidc &
  typeof passwords &
  typeof people &
  typeof privacy &
  typeof profile &
  typeof security &
  typeof sessions &
  typeof sharing &
  typeof tree
type Declared = Extract<Exported[keyof Exported], Endpoint>

/** The id of an endpoint, such as `chats.list`. */
export type EndpointId = Declared['id']
type EndpointOf<Id extends EndpointId> = Extract<Declared, { id: Id }>

/** The id of an endpoint that answers with bytes. */
export type BytesId = { [Id in EndpointId]: EndpointOf<Id>['bytes'] extends readonly string[] ? Id : never }[EndpointId]

/** An object schema without fields infers as a record of never. */
type Fields<S extends z.ZodType> = string extends keyof z.input<S> ? never : z.input<S>
type Needed<Key extends string, Value> = [Value] extends [never] ? unknown : Record<Key, Value>
type Allowed<Key extends string, Value> = [Value] extends [never] ? unknown : { readonly [K in Key]?: Partial<Value> }

/** What a call of the endpoint is given. */
export type Given<Id extends EndpointId> = Needed<'params', Fields<EndpointOf<Id>['params']>> &
  Allowed<'query', Fields<EndpointOf<Id>['query']>> &
  (EndpointOf<Id>['body'] extends z.ZodType ? { readonly body: z.input<EndpointOf<Id>['body']> } : unknown)

/** What a call of the endpoint replies. */
export type Reply<Id extends EndpointId> = EndpointOf<Id>['reply'] extends z.ZodType ? z.output<EndpointOf<Id>['reply']> : undefined

/** The names and data of the events that the endpoint streams. */
export type Events<Id extends EndpointId> = {
  [K in keyof EndpointOf<Id>['events']]: EndpointOf<Id>['events'][K] extends z.ZodType ? z.output<EndpointOf<Id>['events'][K]> : never
}
