/** Ways in which sharing a chat fails. */
export const SHARING_FAILURES = {
  'chat.not_yours': {
    status: 403,
    detail: 'This chat is shared with you to read; only whose it is may change it.',
    next: 'Ask its owner, or go on in a chat of your own.',
  },
  'sharing.changed': {
    status: 409,
    detail: 'Who can read this chat was changed at the same moment.',
    next: 'Look at who can read it now and try again.',
  },
  'sharing.answering': {
    status: 409,
    detail: 'An answer that may quote other chats of yours is being written in this one.',
    next: 'Wait until it is complete, see what it quotes, and share then.',
  },
  'sharing.quotes': {
    status: 409,
    detail: 'This chat quotes other chats of yours that you have not seen listed.',
    next: 'Look at what it quotes and confirm it.',
  },
  'sharing.too_many': {
    status: 409,
    detail: 'A chat is shared with 50 people at most.',
    next: 'Take it back from somebody first.',
  },
} as const
