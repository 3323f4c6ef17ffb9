/** English: the people of the organisation. */
export const people = {
  'people.title': 'People',
  'people.lead': 'Everybody in {organisation}. They see each other’s name and address, never each other’s chats.',
  'people.add': 'Add a person',
  'people.addLead': 'They are sent a link, and choose their own password with it.',
  'people.name': 'Name',
  'people.email': 'E-mail address',
  'people.role': 'Role',
  'people.user': 'Member',
  'people.admin': 'Administrator',
  'people.userHelp': 'Chats with the models you offer.',
  'people.adminHelp': 'Adds people and models as well. Can’t read anybody’s chats.',
  'people.you': 'you',
  'people.pending': 'not joined yet',
  'people.newLink': 'Send again',
  'people.create': 'Create the account',
  'people.sent': 'Sent {name} a link to join. It works once, until {until}.',
  'people.kept':
    'The letter for {name} is in a folder that only the operator of this server can read, because no mail server is set. The link in it works once, until {until}.',
  'people.notSent':
    'The account of {name} is there, but the letter could not be sent. Ask the operator of this server, then send it again.',
  'people.local':
    'The link works on this machine only, because that is where the server is open. To invite others, start it with --host or --base-url.',
  'people.askAdmin': 'Administrators add people.',
} as const
