/** The picture in an export. */
import type { Exporter, Piece } from '#server/features/exports/index.ts'
import type { PictureStore } from './store.ts'

/** The picture as it is shown; no file where there is none. */
export function pictureExporter(pictures: PictureStore): Exporter {
  return {
    tables: ['picture'],
    count: async (tx) => ((await pictures.find(tx, tx.actor.userId)) ? 1 : 0),
    async *files(read) {
      const picture = await read((tx) => pictures.find(tx, tx.actor.userId))
      const pieces = async function* (content: Buffer): AsyncGenerator<Piece> {
        yield { content, counts: { pictures: 1 } }
      }
      if (picture) yield { name: 'picture.webp', pieces: pieces(picture.content) }
    },
  }
}
