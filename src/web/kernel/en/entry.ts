/** English: setting up, signing in, invitations. */
export const entry = {
  'entry.email': 'E-mail address',
  'entry.password': 'Password',
  'entry.passwordHelp': 'At least 12 characters. A sentence you can remember works well.',
  'entry.passwordLeft': { one: '{count} more character', other: '{count} more characters' },
  'entry.passwordLong': 'Long enough. Longer is better still.',

  'setup.title': 'Set up Sardonyx',
  'setup.lead': 'This server is new. You make its organisation, and become its first administrator.',
  'setup.code': 'Setup code',
  'setup.codeHelp': 'It is printed in the terminal in which the server was started.',
  'setup.codeFilled': 'Taken from your link.',
  'setup.organisation': 'Name of the organisation',
  'setup.name': 'Your name',
  'setup.submit': 'Set up and begin',
  'setup.after': 'Chats are stored encrypted. Nobody but their owner can read them here, not even an administrator.',

  'signIn.title': 'Sign in',
  'signIn.organisation': 'Organisation',
  'signIn.organisationHelp': 'Its short name, such as “acme”.',
  'signIn.submit': 'Sign in',
  'signIn.help': 'No account? An administrator of your organisation can invite you. A lost password cannot be reset yet.',
  'signIn.signedOut': 'You are signed out. This device no longer has access.',
  'signIn.sessionEnded': 'Your session has ended, so you were signed out. Sign in and you are back where you were; your drafts are kept.',

  'invitation.title': 'Join your organisation',
  'invitation.lead': 'Choose a password, and you are in. Only you know it: administrators can’t see it.',
  'invitation.submit': 'Join',
  'invitation.missingTitle': 'This link is not complete',
  'invitation.missing': 'Open the whole link you were given, or ask your administrator for a new one.',
} as const
