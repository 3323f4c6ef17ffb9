/** The part of the catalogue of failures that is about exports and about leaving; `errors.ts` has the whole. */

export const LEAVING_FAILURES = {
  'export.running': {
    status: 409,
    detail: 'An export of yours is being written already.',
    next: 'Wait for it, or remove it first.',
  },
  'export.too_many': {
    status: 429,
    detail: 'You have begun as many exports as one may within a day.',
    next: 'Download one of those that you have, or try again tomorrow.',
  },
  'export.not_found': { status: 404, detail: 'There is no such export.', next: 'Look at the list of your exports again.' },
  'export.not_ready': {
    status: 409,
    detail: 'This export has no archive to download.',
    next: 'Wait until it is ready, or begin another one.',
  },
  'deletion.wrong_address': {
    status: 400,
    detail: 'That is not the address of your account.',
    next: 'Type the address of the account that you want to delete.',
  },
  'deletion.last_administrator': {
    status: 409,
    detail: 'You are the only administrator here, and without one nobody could look after the organisation.',
    next: 'Have somebody else made an administrator first.',
  },
} as const
