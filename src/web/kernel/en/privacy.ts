/** English: what the organisation keeps of its people, in plain words. */
export const privacy = {
  'privacy.title': 'Privacy',
  'privacy.lead':
    'What Sardonyx keeps of you at {organisation}, who sees it, and for how long. It is made from the settings as they are now.',
  'privacy.print': 'Print',

  'privacy.responsible': 'Who is responsible',
  'privacy.responsibleText': '{organisation} decides what Sardonyx is used for here, and whoever operates this server runs it for them.',
  'privacy.ask': 'Whom to ask about your data:',
  'privacy.nobody': 'Nobody is named yet whom you could ask about your data. Ask an administrator.',
  'privacy.name': 'Name somebody',
  'privacy.change': 'Change',
  'privacy.contactTitle': 'Whom people may ask',
  'privacy.contactName': 'Name',
  'privacy.contactEmail': 'E-mail address',
  'privacy.contactLead': 'Shown on this page to everyone in {organisation}.',

  'privacy.stored': 'What is stored',
  'privacy.sealed': 'Encrypted',
  'privacy.sealedText': 'Nobody can read it from the database or from a copy of it alone:',
  'privacy.sealedChats': 'your questions, the answers, the titles of your chats, and what you have typed and not sent',
  'privacy.sealedOwn': 'your picture, and the names of your API tokens',
  'privacy.sealedFactors': 'the secret of your authenticator app, and the names of your passkeys',
  'privacy.sealedSettings': 'the names and addresses of model providers, and their keys',
  'privacy.clear': 'Not encrypted',
  'privacy.clearText': 'Whoever runs the database can read it:',
  'privacy.clearPerson': 'your name, e-mail address, role and preferences',
  'privacy.clearLogins': 'when you signed in and were active, from which network address, with which browser',
  'privacy.clearLog': 'your security log: what happened to your account, and who did it',
  'privacy.clearShape': 'when chats and messages were written, how long they are, and which models were asked',
  'privacy.clearProvider': 'which account at {name} is yours, if you have linked one',
  'privacy.hashed': 'Your password and your recovery codes are not stored at all: only what it takes to check them is.',
  'privacy.memory':
    'To search and to answer, the server itself reads your text in its memory. Whoever has the keys of the server and its database can read everything.',

  'privacy.seen': 'Who sees what',
  'privacy.seenYou': 'You alone',
  'privacy.seenYouText':
    'Your chats, drafts, preferences, security log and the names of your API tokens. No administrator can read them here.',
  'privacy.seenPeople': 'People of {organisation}',
  'privacy.seenEveryone': 'Your name, e-mail address, role and picture. Everyone sees everyone.',
  'privacy.seenShared':
    'Your name, e-mail address, role and picture, if you share something with them. Others do not see you, unless you are an administrator.',
  'privacy.seenAdmins': 'Administrators',
  'privacy.seenAdminsText':
    'Also your logins and API tokens: when, on what device, from which network address. When they look at that list, your security log says so. And in which ways you sign in, when you last did, and whether you are about to leave.',
  'privacy.seenOthers': 'Other organisations on this server',
  'privacy.seenOthersText': 'Nothing.',

  'privacy.models': 'Who receives your text',
  'privacy.modelsText':
    'The provider of the model that you choose receives the conversation that leads to the answer, and nobody else does. No name and no address of yours goes with it. What the provider does with it is a matter of its contract with {organisation}.',
  'privacy.modelsNone': 'Nobody: no model provider is set up.',
  'privacy.librarian': 'The Librarian is a part of Sardonyx. What you ask it stays on this server.',
  'privacy.providers': 'Model providers',

  'privacy.signIn': 'How you sign in',
  'privacy.signInPassword': 'With a password or a passkey of your own, which no administrator knows.',
  'privacy.signInProvider':
    'With a password or a passkey of your own, which no administrator knows, or through {name} ({host}). Whoever signs in there lets it know that they use Sardonyx, and when they signed in.',
  'privacy.secondFactor.optional': 'A second factor is asked of whoever has set one up.',
  'privacy.secondFactor.admins': 'Administrators must have a second factor; it is asked of everybody who has set one up.',
  'privacy.secondFactor.everyone': 'Everybody must have a second factor.',

  'privacy.kept': 'How long it is kept',
  'privacy.keptChats':
    'Your chats and your account are kept until they are deleted. A chat that you delete goes to the trash, from which you can bring it back or erase it for good. A temporary chat is gone for everybody at the time that stands above it, and is removed from the database within a day after that.',
  'privacy.keptWhat': 'What is removed by itself',
  'privacy.keptWhen': 'When',
  'privacy.keptOf.sessions': 'Logins and API tokens that have ended, with network address and browser',
  'privacy.keptOf.replaced_tokens': 'Tokens of a login that were replaced by newer ones',
  'privacy.keptOf.links': 'Links of letters, such as invitations',
  'privacy.keptOf.recoveries': 'Recoveries of an account, with the address they were for',
  'privacy.keptOf.security_events': 'Entries of your security log',
  'privacy.keptOf.sign_ins_begun': 'Sign-ins that were begun and not finished',
  'privacy.keptOf.jobs': 'Records of answers being written, without their text',
  'privacy.keptAfter.sessions': '{count} days after the end',
  'privacy.keptAfter.replaced_tokens': '{count} days after that',
  'privacy.keptAfter.links': '{count} days after they expired',
  'privacy.keptAfter.recoveries': '{count} days after they expired',
  'privacy.keptAfter.security_events': 'after {count} days',
  'privacy.keptAfter.sign_ins_begun': '{count} day after they expired, at most',
  'privacy.keptAfter.jobs': 'after {count} days',
  'privacy.keptOf.exports': 'Archives of your data that you had made',
  'privacy.keptOf.trash': 'Chats in the trash, with all that is in them',
  'privacy.keptAfter.trash': '{count} days after you deleted them',
  'privacy.keptAfter.exports': '{count} days after they are ready',
  'privacy.keptOf.happenings': 'Which of your chats changed and when, to keep your devices in step',
  'privacy.keptAfter.happenings': 'after {count} days',
  'privacy.keptOf.shares': 'With whom a chat was shared, once it is taken back',
  'privacy.keptAfter.shares': '{count} day after that, at most',
  'privacy.deletion':
    'You can delete your account. For {count} days you can take that back; then the key to your chats, drafts, archives and the names of your API tokens is destroyed, and everything of yours is erased, your picture and the secret of your authenticator app included.',
  'privacy.backups': 'Copies of the database that were made before may hold all of it, and that key, for {count} days more.',
  'privacy.backupsUnknown':
    'Copies of the database that were made before may hold all of it, and that key, for longer: whoever operates this server has not said for how long.',

  'privacy.rights': 'What you can do',
  'privacy.rightsExport': 'Take everything of yours along, as one archive, and delete your account',
  'privacy.rightsDevices': 'See where you are signed in, and sign devices out',
  'privacy.rightsLog': 'Read what happened to your account, and which administrator looked at your logins',
  'privacy.rightsProfile': 'Change your name and your picture',
} as const
