/** A directory that can be full: a file system of its own in memory, which only the superuser may mount; for others a plain directory. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why no disk can be full here; undefined when one can. */
export const NO_DISK =
  process.platform === 'linux' && process.getuid?.() === 0 ? undefined : 'only the superuser of a Linux can mount a small disk'

const SIZE = '2g'

export interface Disk {
  readonly path: string
  /** Leaves no byte free. */
  fill(): Promise<void>
  /** Makes room again. */
  makeRoom(): void
  remove(): Promise<void>
}

/** Makes one; `fill` is for those with `NO_DISK` undefined. */
export async function openDisk(): Promise<Disk> {
  const path = await mkdtemp(join(tmpdir(), 'sardonyx-faults-'))
  const mount = (...options: string[]) =>
    void execFileSync('mount', ['-t', 'tmpfs', '-o', options.join(), 'sardonyx-faults', path], { stdio: 'pipe' })
  if (NO_DISK === undefined) mount(`size=${SIZE}`, 'mode=755')
  return {
    path,
    async fill() {
      // What is written between the look and the shrinking makes the kernel refuse it.
      for (let tries = 100; ; tries--) {
        const { blocks, bfree, bsize } = await statfs(path)
        try {
          return mount('remount', `size=${(blocks - bfree) * bsize}`)
        } catch (error) {
          if (tries === 0) throw error
        }
      }
    },
    makeRoom: () => mount('remount', `size=${SIZE}`),
    async remove() {
      if (NO_DISK === undefined) execFileSync('umount', [path])
      await rm(path, { recursive: true, force: true })
    },
  }
}
