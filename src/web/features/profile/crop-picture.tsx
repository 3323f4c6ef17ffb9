/** Choosing the square of a picture that is shown: by dragging, or with sliders, which is the same to a keyboard. */
import { useMutation } from '@tanstack/react-query'
import { type PointerEvent, useEffect, useId, useRef, useState } from 'react'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { CENTRED, type Crop, dragged, draw, encoded } from './crop.ts'
import { t } from './text.ts'

const MOST_ZOOM = 4
/** Of the canvas, in pixels; as wide on the page. */
const PREVIEW = 256

interface CropPictureProps {
  picture: ImageBitmap
  /** Takes the square as a file in base64. */
  onUse: (file: string) => Promise<void>
}

/** The preview and what changes it. */
export function CropPicture({ picture, onUse }: CropPictureProps) {
  const [crop, setCrop] = useState<Crop>(CENTRED)
  const use = useMutation({ mutationFn: async () => onUse(await encoded(picture, crop)) })
  const isFixed = (length: number) => length - Math.min(picture.width, picture.height) / crop.zoom < 1
  return (
    <>
      <p className="mb-4 text-muted">{t('crop.lead')}</p>
      {use.error && <FailureNotice error={use.error} className="mb-4" />}
      <Preview picture={picture} crop={crop} onCrop={setCrop} />
      <div className="mx-auto mb-5 max-w-[320px]">
        <Slider label={t('crop.zoom')} most={MOST_ZOOM} least={1} value={crop.zoom} onValue={(zoom) => setCrop({ ...crop, zoom })} />
        <Slider label={t('crop.sideways')} value={crop.x} disabled={isFixed(picture.width)} onValue={(x) => setCrop({ ...crop, x })} />
        <Slider label={t('crop.upright')} value={crop.y} disabled={isFixed(picture.height)} onValue={(y) => setCrop({ ...crop, y })} />
      </div>
      <Button look="solid" busy={use.isPending} onClick={() => use.mutate()}>
        {t('crop.use')}
      </Button>
    </>
  )
}

function Preview({ picture, crop, onCrop }: { picture: ImageBitmap; crop: Crop; onCrop: (crop: Crop) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (canvas.current) draw(canvas.current, picture, crop)
  }, [picture, crop])
  const drag = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return
    onCrop(dragged(picture, crop, { x: event.movementX / PREVIEW, y: event.movementY / PREVIEW }))
  }
  return (
    <canvas
      ref={canvas}
      width={PREVIEW}
      height={PREVIEW}
      role="img"
      aria-label={t('crop.preview')}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      className="mx-auto mb-4 block size-64 cursor-grab touch-none rounded-full bg-sunken active:cursor-grabbing"
    />
  )
}

interface SliderProps {
  label: string
  value: number
  least?: number
  most?: number
  disabled?: boolean
  onValue: (value: number) => void
}

function Slider({ label, value, least = 0, most = 1, disabled = false, onValue }: SliderProps) {
  const id = useId()
  return (
    <div className="flex min-h-11 items-center gap-3 desk:min-h-9">
      <label htmlFor={id} className="w-28 flex-none">
        {label}
      </label>
      <input
        id={id}
        type="range"
        min={least}
        max={most}
        step={(most - least) / 100}
        value={value}
        disabled={disabled}
        onChange={({ target }) => onValue(Number(target.value))}
        className="min-w-0 flex-1 accent-accent disabled:opacity-50"
      />
    </div>
  )
}
