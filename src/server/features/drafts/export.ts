/** Drafts in an export. */
import type { Exporter } from '#server/features/exports/index.ts'
import { oneFile, pretty } from '#server/features/exports/index.ts'
import type { DraftStore } from './store.ts'

/** Every draft but those in temporary chats, which an archive would outlive; there are never more than one reads at once. */
export function draftExporter(drafts: DraftStore): Exporter {
  return {
    tables: ['draft'],
    count: async (tx) => (await drafts.list(tx, { lasting: true })).length,
    files: (read) =>
      oneFile('drafts.json', async () => {
        const items = await read((tx) => drafts.list(tx, { lasting: true }))
        return { content: `${pretty(items)}\n`, counts: { drafts: items.length } }
      }),
  }
}
