/** English: the handbook. */
export const handbook = {
  'handbook.title': 'Handbook',
  'handbook.lead': 'How Sardonyx works. The Librarian quotes from it.',
  'handbook.sections': 'Sections',
} as const
