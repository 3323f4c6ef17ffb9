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
  'sharing.too_many_with_one': {
    status: 409,
    detail: 'You share 200 chats with one of these people already, and that is the most.',
    next: 'Take one back from them first.',
  },
  'sharing.not_now': {
    status: 409,
    detail: 'One of these people cannot be given more chats to read at present.',
    next: 'Ask them to leave some that they read no longer, or share with the others.',
  },
  'sharing.too_often': {
    status: 409,
    detail: 'This chat was taken back from people 40 times, and after that it is shared with nobody else.',
    next: 'Fork it from its last message, and share that chat.',
  },
  'sharing.too_long': {
    status: 409,
    detail: 'This chat is too long to be shared: 20,000 messages and 32 MB are the most.',
    next: 'Fork it from a message further up, and share that chat.',
  },
} as const
