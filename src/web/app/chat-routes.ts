/** The addresses of chats, and of the places where they are put away. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { ChatPage } from '#web/features/chats/chat-page.tsx'
import { chatQuery } from '#web/features/chats/data/chat-list.ts'
import { messagesQuery } from '#web/features/chats/data/messages.ts'
import { NewChatPage } from '#web/features/chats/new-chat-page.tsx'
import { queryClient } from '#web/kernel/session.ts'
import { loadMarkdown } from '#web/ui/markdown.tsx'
import { workspaceRoute } from './root.tsx'

const newChatRoute = createRoute({ getParentRoute: () => workspaceRoute, path: '/', component: NewChatPage })

const chatRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/chats/$chatId',
  component: ChatPage,
  loader: ({ params: { chatId } }) => {
    void loadMarkdown()
    void queryClient.prefetchQuery(chatQuery(chatId))
    void queryClient.prefetchQuery(messagesQuery(chatId))
  },
})

const trashRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/trash',
  component: lazyRouteComponent(() => import('#web/features/shelves/trash-page.tsx'), 'TrashPage'),
})

const archiveRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/archive',
  component: lazyRouteComponent(() => import('#web/features/shelves/archive-page.tsx'), 'ArchivePage'),
})

/** Finding a chat; the words that are looked for are in the address. */
const findChatRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: '/find-chat',
  component: lazyRouteComponent(() => import('#web/features/shelves/find-chat-page.tsx'), 'FindChatPage'),
  validateSearch: ({ words, chat }: Record<string, unknown>): { words?: string; chat?: string } => ({
    ...(typeof words === 'string' && words.trim() !== '' && { words: words.slice(0, 200) }),
    ...(typeof chat === 'string' && /^[0-9a-f-]{36}$/i.test(chat) && { chat }),
  }),
})

export const chatRoutes = [newChatRoute, chatRoute, trashRoute, archiveRoute, findChatRoute] as const
