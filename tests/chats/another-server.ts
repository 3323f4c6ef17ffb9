/** A second server of a world: the same database over connections of its own, and the same cache. */
import { connect } from '#server/ops/installation.ts'
import type { World } from '#tests/support/world.ts'
import { serverOver } from '#tests/walls/attack.ts'

export async function withAnother(world: World) {
  const database = connect(world.installation, world.log, { app: 3, worker: 2, auth: 2 })
  const server = await serverOver(world, database)
  return {
    as: server.as,
    async close() {
      await server.close()
      await database.close()
    },
  }
}
