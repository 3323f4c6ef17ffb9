/**
 * Makes a picture anew from its pixels. Nothing about the file that was sent is believed, and nothing of it but the pixels is kept: no
 * metadata, no colour profile, nothing before, between or after. Of libvips only the three decoders are reachable that this needs.
 */
import sharp from 'sharp'
import { Failure } from '#server/kernel/failure.ts'

const SIDE = 256
/** Of the picture that is sent: 4096 by 4096. Known from its head, before anything is decoded. */
const MOST_PIXELS = 4_096 ** 2
/** A picture that is decoded takes up to 100 MB for a moment. */
const AT_ONCE = 2
const LONGEST_S = 10

sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer', 'VipsForeignLoadWebpBuffer'] })
sharp.cache(false)
sharp.concurrency(1)

const waiting: (() => void)[] = []
let running = 0

/** A square WebP of the picture; throws `picture.unreadable` for whatever is not a whole, still PNG, JPEG or WebP. */
export async function remake(sent: Buffer): Promise<Buffer> {
  if (!isStill(sent)) throw new Failure('picture.unreadable')
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    return await remakeNow(sent)
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

async function remakeNow(sent: Buffer): Promise<Buffer> {
  try {
    const picture = sharp(sent, { limitInputPixels: MOST_PIXELS, failOn: 'warning', sequentialRead: true })
    if (((await picture.metadata()).pages ?? 1) > 1) throw new Error('it moves')
    return await picture
      .autoOrient()
      .resize(SIDE, SIDE, { fit: 'cover' })
      .toColourspace('srgb')
      .webp({ quality: 85 })
      .timeout({ seconds: LONGEST_S })
      .toBuffer()
  } catch {
    throw new Failure('picture.unreadable')
  }
}

/** By its first bytes; a PNG that moves says so before its pixels begin. */
function isStill(file: Buffer): boolean {
  const begins = (text: string, at = 0) => file.subarray(at, at + text.length).toString('latin1') === text
  if (begins('\x89PNG\r\n\x1a\n')) return !file.subarray(0, Math.max(0, file.indexOf('IDAT'))).includes('acTL')
  return begins('\xff\xd8\xff') || (begins('RIFF') && begins('WEBP', 8))
}
