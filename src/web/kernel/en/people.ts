/** English: the people of the organisation. */
export const people = {
  'people.title': 'People',
  'people.lead': 'Everybody in {organisation}. They see each other’s name and address, never each other’s chats.',
  'people.add': 'Add a person',
  'people.addLead': 'You get a link for them. They choose their own password with it.',
  'people.name': 'Name',
  'people.email': 'E-mail address',
  'people.role': 'Role',
  'people.user': 'Member',
  'people.admin': 'Administrator',
  'people.userHelp': 'Chats with the models you offer.',
  'people.adminHelp': 'Adds people and models as well. Can’t read anybody’s chats.',
  'people.you': 'you',
  'people.pending': 'not joined yet',
  'people.newLink': 'New link',
  'people.create': 'Create the account',
  'people.linkTitle': 'Give this link to {name}',
  'people.linkLead':
    'It works once, for {name} alone, until {until}. Whoever uses it first chooses the password, so send it where only they can read.',
  'people.linkOnce': 'It is shown only now. If it gets lost, make a new one here; the old one stops working.',
  'people.linkLocal':
    'It works on this machine only, because that is where the server is open. To invite others, start the server with --host or --base-url and make a new link.',
  'people.copyLink': 'Copy the link',
  'people.done': 'Done',
  'people.link': 'Invitation link',
  'people.askAdmin': 'Administrators add people.',
} as const
