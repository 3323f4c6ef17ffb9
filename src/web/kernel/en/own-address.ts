/** English: changing one's own address, and stopping a recovery that one does not need. */
export const ownAddress = {
  'address.title': 'E-mail address',
  'address.lead': 'You sign in with {email}. Letters about your account go there.',
  'address.new': 'New address',
  'address.newHelp': 'A link goes there. The address changes once you follow it while you are signed in; the old one is told.',
  'address.ask': 'Send the link',
  'address.asked': 'If nobody else here has that address, a link is on its way to {email}. It works for a day. Your old address was told.',
  'address.askedKept':
    'The letter to {email} is in a folder that only the operator of this server can read, because no mail server is set.',
  'address.pending': 'A link went to {email}. Until you follow it, you sign in as before. It works until {until}.',
  'address.withdraw': 'Do not change it',
  'address.withdrawn': 'That link does not work any more. You sign in as before.',
  'address.notSent': 'The letter to {email} could not be sent. Ask the operator of this server.',
  'address.confirmTitle': 'Use {email} from now on?',
  'address.confirmLead':
    'You sign in with it then, and letters about your account go there. If you did not ask for this address, leave it.',
  'address.confirm': 'Use the new address',
  'address.done': 'You sign in with {email} from now on.',
  'address.toProfile': 'Back to your profile',

  'recovery.title': 'Recovery of your account',
  'recovery.none': 'Nobody is recovering your account.',
  'recovery.asked':
    '{who} asked {when} to recover your account, because you lost your password and second factor. Another administrator has not decided yet.',
  'recovery.approved': '{who} began {when} to recover your account. A link went to your address, and nobody else has it.',
  'recovery.who': '{name}, an administrator,',
  'recovery.operator': 'The operator of this server',
  'recovery.why': 'You are signed in, so you need none of it. If you did not ask for it, stop it, and ask them what it was for.',
  'recovery.stop': 'Stop it',
  'recovery.stopped': 'Stopped. No link works any more, and nothing of your account has changed.',
} as const
