/** The chat that is open, for what is drawn deep inside its thread: whose it is, and whether it may be changed. */
import { createContext, useContext } from 'react'
import type { Chat } from '#contract/chats.ts'

export const OpenChatContext = createContext<Pick<Chat, 'id' | 'owner' | 'mayWrite'> | null>(null)

/** Gives the open chat; null outside of one. */
export const useOpenChat = () => useContext(OpenChatContext)
