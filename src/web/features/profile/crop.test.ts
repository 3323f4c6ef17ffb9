/** The square of a picture that is shown: always inside it, and where it was dragged to. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CENTRED, type Crop, dragged, squareOf } from './crop.ts'

const size = fc.record({ width: fc.integer({ min: 1, max: 6_000 }), height: fc.integer({ min: 1, max: 6_000 }) })
const part = fc.double({ min: 0, max: 1, noNaN: true })
const crop = fc.record({ zoom: fc.double({ min: 1, max: 4, noNaN: true }), x: part, y: part })
const step = fc.double({ min: -3, max: 3, noNaN: true })

test('the square lies inside the picture, however it is zoomed and dragged', () => {
  fc.assert(
    fc.property(size, crop, fc.array(fc.record({ x: step, y: step }), { maxLength: 4 }), (picture, first, drags) => {
      const { left, top, side } = squareOf(
        picture,
        drags.reduce<Crop>((at, by) => dragged(picture, at, by), first),
      )
      expect(side).toBeGreaterThan(0)
      expect(Math.min(left, top)).toBeGreaterThanOrEqual(0)
      expect(left + side).toBeLessThanOrEqual(picture.width + 1e-6)
      expect(top + side).toBeLessThanOrEqual(picture.height + 1e-6)
    }),
  )
})

test('at first it is the middle; a picture that is dragged to the right shows what was further left', () => {
  const wide = { width: 300, height: 100 }
  expect(squareOf(wide, CENTRED)).toEqual({ left: 100, top: 0, side: 100 })
  expect(squareOf(wide, dragged(wide, CENTRED, { x: 0.5, y: 0.5 }))).toEqual({ left: 50, top: 0, side: 100 })
  expect(squareOf(wide, dragged(wide, CENTRED, { x: -9, y: 0 }))).toEqual({ left: 200, top: 0, side: 100 })
})
