/** The endpoints of people's pictures. */
import { getPicture, removePicture, setPicture } from '#contract/profile.ts'
import type { Actor } from '#server/isolation/actor.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { Clock } from '#server/kernel/clock.ts'
import type { Ids } from '#server/kernel/ids.ts'
import { remake } from './remake.ts'
import type { PictureStore } from './store.ts'

export interface PictureParts {
  readonly pictures: PictureStore
  readonly clock: Clock
  readonly ids: Ids
  /** Tells the other pages of a person that something of theirs is new. */
  readonly tellChanged: (actor: Actor) => Promise<void>
}

/** The routes of this folder. */
export function pictureRoutes({ pictures, clock, ids, tellChanged }: PictureParts): Route[] {
  return [
    route(setPicture, async ({ actor, unit, body }) => {
      const content = await remake(Buffer.from(body.picture, 'base64'))
      const version = ids.next<string>()
      await unit.write(async (tx) => {
        await pictures.keep(tx, { version, content }, new Date(clock.now()))
        tx.afterCommit(() => tellChanged(actor))
      })
      return { version }
    }),

    route(removePicture, async ({ actor, tx }) => {
      await pictures.remove(tx)
      tx.afterCommit(() => tellChanged(actor))
      return undefined
    }),

    route(getPicture, async ({ tx, params, fail }) => {
      const picture = await pictures.find(tx, params.userId)
      if (!picture) throw fail('picture.not_found')
      return { type: 'image/webp' as const, ...picture }
    }),
  ]
}
