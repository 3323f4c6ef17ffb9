/** One's own picture: shown, chosen, and removed with one click. */
import { useMutation } from '@tanstack/react-query'
import { type ChangeEvent, useRef, useState } from 'react'
import { call } from '#web/kernel/api.ts'
import { pictureOf, seeUser } from '#web/kernel/preferences.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { Portrait } from '#web/ui/portrait.tsx'
import { CropPicture } from './crop-picture.tsx'
import { t } from './text.ts'

/** The picture with its buttons; `onDone` is told what came of one. */
export function PicturePart({ onDone }: { onDone: (text: string) => void }) {
  const { user } = useMe()
  const [chosen, setChosen] = useState<ImageBitmap | null>(null)
  const [unreadable, setUnreadable] = useState(false)
  const saw = (picture: string | null, text: string) => {
    seeUser(() => ({ picture }))
    void queryClient.invalidateQueries({ queryKey: ['members'] })
    onDone(text)
  }
  const use = async (picture: string) => {
    const { version } = await call('me.set_picture', { body: { picture } })
    setChosen(null)
    saw(version, t('profile.pictureSaved'))
  }
  const remove = useMutation({ mutationFn: () => call('me.remove_picture'), onSuccess: () => saw(null, t('profile.pictureRemoved')) })
  const choose = async (file: File) => {
    const read = await createImageBitmap(file).catch(() => null)
    setUnreadable(read === null)
    setChosen(read)
  }
  return (
    <section aria-label={t('profile.picture')} className="mb-7">
      {unreadable && (
        <Notice tone="failed" className="mb-4">
          {t('profile.unreadable')} <span className="text-muted">{t('profile.unreadableNext')}</span>
        </Notice>
      )}
      {remove.error && <FailureNotice error={remove.error} className="mb-4" />}
      <div className="flex flex-wrap items-center gap-x-5 gap-y-3">
        <Portrait name={user.name} source={pictureOf(user)} size="large" />
        <div className="min-w-0 flex-[1_1_16rem]">
          <div className="mb-2 flex flex-wrap gap-2.5">
            <FileButton words={user.picture === null ? t('profile.choose') : t('profile.another')} onFile={(file) => void choose(file)} />
            {user.picture !== null && (
              <Button busy={remove.isPending} onClick={() => remove.mutate()}>
                {t('common.remove')}
              </Button>
            )}
          </div>
          <p className="max-w-[52ch] text-small text-muted">{t('profile.pictureHelp')}</p>
        </div>
      </div>
      <Dialog title={t('crop.title')} open={chosen !== null} onOpenChange={() => setChosen(null)}>
        {chosen && <CropPicture picture={chosen} onUse={use} />}
      </Dialog>
    </section>
  )
}

/** The button is what is seen and focused; the field behind it opens the system's own choice of files. */
function FileButton({ words, onFile }: { words: string; onFile: (file: File) => void }) {
  const field = useRef<HTMLInputElement>(null)
  const take = ({ target }: ChangeEvent<HTMLInputElement>) => {
    const [file] = target.files ?? []
    if (file) onFile(file)
    // So that the same file can be chosen again.
    target.value = ''
  }
  return (
    <>
      <input ref={field} type="file" hidden accept="image/png,image/jpeg,image/webp" onChange={take} />
      <Button onClick={() => field.current?.click()}>{words}</Button>
    </>
  )
}
