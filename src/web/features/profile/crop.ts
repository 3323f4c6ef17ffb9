/** Which square of a picture is shown. Pure, but for the drawing. */

/** How far in, and where in the room that is left: 0 at the left and at the top, 1 at the right and at the bottom. */
export interface Crop {
  readonly zoom: number
  readonly x: number
  readonly y: number
}

interface Size {
  readonly width: number
  readonly height: number
}

export const CENTRED: Crop = { zoom: 1, x: 0.5, y: 0.5 }

/** Gives the square in pixels of the picture. */
export function squareOf({ width, height }: Size, { zoom, x, y }: Crop): { left: number; top: number; side: number } {
  const side = Math.min(width, height) / zoom
  return { left: x * (width - side), top: y * (height - side), side }
}

/** Moves the picture under the square by parts of its side; it stops at the edges. */
export function dragged(size: Size, crop: Crop, by: { x: number; y: number }): Crop {
  const { left, top, side } = squareOf(size, crop)
  const place = (at: number, whole: number, before: number) => (whole - side < 1 ? before : Math.min(1, Math.max(0, at / (whole - side))))
  return { ...crop, x: place(left - by.x * side, size.width, crop.x), y: place(top - by.y * side, size.height, crop.y) }
}

/** Draws the square over the whole canvas. */
export function draw(canvas: HTMLCanvasElement, picture: ImageBitmap, crop: Crop): void {
  const { left, top, side } = squareOf(picture, crop)
  const context = canvas.getContext('2d')
  if (!context) return
  context.imageSmoothingQuality = 'high'
  context.clearRect(0, 0, canvas.width, canvas.height)
  context.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height)
}

/** Twice what the server keeps, so that it has something to scale down. */
const SIDE = 512
/** In base64 it must fit into a request. */
const LARGEST_BYTES = 700_000

/** Gives the square as a small file in base64. Browsers that write no WebP write a PNG, and a JPEG where that is too large. */
export async function encoded(picture: ImageBitmap, crop: Crop): Promise<string> {
  const canvas = document.createElement('canvas')
  canvas.width = SIDE
  canvas.height = SIDE
  draw(canvas, picture, crop)
  const file = (await blobOf(canvas, 'image/webp', LARGEST_BYTES)) ?? (await blobOf(canvas, 'image/jpeg', Number.POSITIVE_INFINITY))
  if (!file) throw new Error('the canvas gave no file')
  return base64Of(file)
}

async function blobOf(canvas: HTMLCanvasElement, type: string, largest: number): Promise<Blob | null> {
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, type, 0.9)
  })
  return blob && blob.size <= largest ? blob : null
}

async function base64Of(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}
