/** Shows notices, on Base UI, above dialogs and below menus: they stay while looked at, can be swiped away, and are reached with F6. */
import { Toast } from '@base-ui/react/toast'
import { useEffect } from 'react'
import { hintOf } from '../kernel/shortcuts.ts'
import { t } from '../kernel/text.ts'
import { Icon } from './icon.tsx'
import { type Toast as Notice, showToastsWith } from './toast.ts'

const STAYS_MS = 6_000
const STAYS_WITH_ACTION_MS = 12_000
const manager = Toast.createToastManager()

export function Toaster() {
  useEffect(() => showToastsWith(add), [])
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      <Toast.Portal>
        <Toast.Viewport className="fixed top-16 right-3 z-35 flex w-[min(24rem,calc(100vw-24px))] flex-col gap-2 desk:right-5">
          <Notices />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function add({ text, detail, action, kind = 'done' }: Notice): () => void {
  const act = action && {
    children: action.label,
    ...hintOf(action.label, action.shortcut),
    onClick: () => {
      manager.close(id)
      action.run()
    },
  }
  const id = manager.add({
    title: text,
    description: detail,
    type: kind,
    priority: kind === 'failed' ? 'high' : 'low',
    timeout: action ? STAYS_WITH_ACTION_MS : STAYS_MS,
    ...(act && { actionProps: act }),
  })
  return () => manager.close(id)
}

function Notices() {
  return Toast.useToastManager().toasts.map((notice) => (
    <Toast.Root
      key={notice.id}
      toast={notice}
      swipeDirection={['right', 'up']}
      // Base UI hides a failure from screen readers once it is announced; but its buttons can be reached.
      aria-hidden={false}
      className="overlay-motion group rounded-control border border-l-3 border-line border-l-accent bg-surface shadow-overlay data-limited:hidden data-starting-style:-translate-y-2 data-[type=failed]:border-l-danger"
    >
      <Toast.Content className="flex items-center gap-2 py-1.5 pr-1.5 pl-3.5">
        <div className="min-w-0 flex-1 py-1">
          <Toast.Title className="line-clamp-2" render={<p />} />
          <Toast.Description className="text-small text-muted" />
        </div>
        <Toast.Action className="min-h-11 rounded-control px-2.5 font-strong text-accent hover:bg-accent-soft desk:min-h-8" />
        <Toast.Close
          aria-hidden={false}
          aria-label={t('common.dismiss')}
          className="grid size-11 place-items-center rounded-control text-muted hover:bg-hover desk:size-8"
        >
          <Icon name="close" size={14} />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ))
}
