/** English: the life of a login while one is signed in. */
export const session = {
  'idle.title': 'Are you still there?',
  'idle.lead': 'You will be signed out in {left}, because nobody has been active here. What you have written is kept.',
  'idle.overTitle': 'The time is over',
  'idle.over':
    'Nobody has been active here. The server cannot be reached just now; as soon as it is, this page closes. What you have written is kept.',
  'idle.stay': 'Stay signed in',
  'idle.how': 'Any key does the same.',
  'idle.minutes': { one: '{count} minute', other: '{count} minutes' },
  'idle.moments': 'less than a minute',

  'end.notice': 'This login ends at {time} in any case. Sign in again to go on.',
  'end.signIn': 'Sign in again',

  'proof.title': 'Confirm it’s you',
  'proof.lead':
    'This changes who gets in, or where text is sent. So your password is asked for again, in case somebody else is at your device.',
  'proof.after': 'What you were doing goes on at once, and for a while you are not asked again.',
  'proof.password': 'Your password',
  'proof.confirm': 'Confirm',

  'notice.theft_suspected': 'Somebody used an old copy of a login of yours, as a thief would. It was ended at once, for them and for you.',
  'notice.session_ended.self': 'You ended a login of yours.',
  'notice.session_ended.administrator': 'An administrator signed you out.',
  'notice.session_ended.operator': 'Whoever operates this server signed you out.',
  'notice.session_ended.system': 'A login of yours was ended.',
  'notice.signed_in': 'Somebody signed in as you. If that was you, all is well.',
  'notice.proven': 'Somebody entered your password again.',
  'notice.not_me': 'You said that somebody else was using your account. All other logins and all API tokens were ended.',
  'notice.token_created': 'An API token was made for your account.',
  'notice.token_revoked': 'An API token of yours was revoked.',
  'notice.sessions_viewed': 'An administrator looked at where you are signed in.',
  'notice.policy_changed': 'How long people stay signed in was changed.',
  'notice.role_changed': 'Your role was changed.',
  'notice.suspended': 'Your account was suspended.',
  'notice.reinstated': 'Your account was suspended, and is good again.',
  'notice.recovery_begun': 'Somebody began to recover your account. If you can sign in yourself, stop it.',
  'notice.recovery_asked': 'An administrator asks to recover somebody’s account, and another one has to decide.',
  'notice.recovery_approved':
    'The recovery of your account was approved, and a link went to your address. If you can sign in yourself, stop it.',
  'notice.recovery_ended': 'The recovery of your account was stopped.',
  'notice.recovered': 'Your account was recovered, with a new password.',
  'notice.address_asked': 'Somebody asked to change the address of your account.',
  'notice.address_changed': 'The address of your account was changed.',
  'notice.more': { one: 'And {count} more.', other: 'And {count} more.' },
  'notice.see': 'See what happened',
} as const
