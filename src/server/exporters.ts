/** What an export holds, in the order in which it stands there. A feature that keeps something of people's adds its exporter here. */
import type { Tenants } from './auth/tenants.ts'
import type { ChatStore } from './features/chats/index.ts'
import { type DraftStore, draftExporter } from './features/drafts/index.ts'
import {
  accessExporters,
  accountExporter,
  deviceExporter,
  type Exporter,
  securityLogExporter,
  tokenExporter,
} from './features/exports/index.ts'
import { branchExporter, chatExporter, type MessageStore } from './features/messages/index.ts'
import { type PictureStore, pictureExporter } from './features/pictures/index.ts'
import type { ScopeKeys } from './isolation/keys/scope-keys.ts'

interface Parts {
  readonly keys: ScopeKeys
  readonly tenants: Tenants
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly drafts: DraftStore
  readonly pictures: PictureStore
}

/** Every exporter there is. */
export function exportersOf({ keys, tenants, chats, messages, drafts, pictures }: Parts): Exporter[] {
  return [
    accountExporter(tenants),
    pictureExporter(pictures),
    chatExporter({ chats, messages }),
    branchExporter(),
    draftExporter(drafts),
    deviceExporter(),
    tokenExporter(keys),
    securityLogExporter(),
    ...accessExporters(keys),
  ]
}

/** Tables that say whose a row is, and are in no export. */
export const NOT_EXPORTED: Readonly<Record<string, string>> = {
  authenticator_app: 'a secret that an app shares',
  challenge: 'passing, for five minutes',
  credential: 'only the hash of a password',
  erasure: 'ids and dates; the page says what it says',
  export: 'the exports themselves',
  export_part: 'the exports themselves',
  happening: 'that something happened to a chat, for two days; the chats are there',
  job: 'which work runs; nothing of a person but ids',
  link: 'hashes of links that were mailed, for a few days, and a new address that waits to be confirmed',
  oidc_way: 'a way to the sign-in provider and back, for ten minutes',
  message_search: 'the words of the messages, keyed; the messages are there',
  recovery_code: 'only hashes',
  scope_key: 'a key, wrapped',
  sign_in_ticket: 'passing, for ten minutes',
}
