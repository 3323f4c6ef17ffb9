/** English: the readable page of the HTTP interface. */
export const developers = {
  'developers.title': 'API',
  'developers.lead':
    'Everything the interface does, programs can do too. Make an API token under Account, and send it as “Authorization: Bearer …”.',
  'developers.document': 'OpenAPI document',
  'developers.anyone': 'anyone',
  'developers.user': 'signed in',
  'developers.admin': 'administrators',
  'developers.path': 'In the path',
  'developers.query': 'In the query',
  'developers.body': 'Body',
  'developers.reply': 'Reply',
  'developers.events': 'Events',
  'developers.failures': 'May fail with',
  'developers.field': 'Field',
  'developers.type': 'Type',
  'developers.meaning': 'Meaning',
  'developers.optional': 'optional',
  'developers.nothing': 'nothing',
} as const
