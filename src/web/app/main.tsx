/** Where the page begins. */
import '#web/ui/base.css'
import { CSPProvider } from '@base-ui/react/csp-provider'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'
import { call } from '#web/kernel/api.ts'
import { onCatchUp } from '#web/kernel/catch-up.ts'
import { watchConnection } from '#web/kernel/connection.ts'
import { followKeyboard } from '#web/kernel/media.ts'
import { queryClient } from '#web/kernel/session.ts'
import { listenForShortcuts } from '#web/kernel/shortcuts.ts'
import { lazyPart } from '#web/ui/lazy-part.ts'
import { router } from './router.tsx'

const Toaster = lazyPart(async () => (await import('#web/ui/toaster.tsx')).Toaster)

watchConnection(() => Promise.allSettled([call('status.get')]))
listenForShortcuts()
followKeyboard()
// What could not be fetched while the server was away is asked for again, on every page.
onCatchUp('rest', () =>
  queryClient.refetchQueries({ type: 'active', predicate: ({ state }) => state.status === 'error' && state.data === undefined }),
)

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
      <Suspense>
        <Toaster />
      </Suspense>
    </CSPProvider>
  </StrictMode>,
)

// What menus and dialogs need is fetched once the page stands, so that the first one opens without a pause.
const whenIdle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 1_500))
whenIdle(
  () => void Promise.all([import('#web/ui/menu-popup.tsx'), import('#web/ui/popover-popup.tsx'), import('#web/ui/dialog-popup.tsx')]),
)
