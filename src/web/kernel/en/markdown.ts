/** What rendered Markdown says by itself. */
export const markdown = {
  'code.copy': 'Copy the code',
  'code.text': 'Text',
  'code.wrap': 'Wrap long lines',
  'footnote.back': 'Back to the text',
  'footnote.label': 'Footnotes',
  'footnote.number': 'Footnote {number}',
  'image.hidden': 'Image, not loaded',
  'image.named': 'Image, not loaded: {alt}',
  'markdown.done': 'done',
  'markdown.open': 'not done',
  'markdown.table': 'Table',
  'markdown.tableCopy': 'Copy the table',
  'markdown.unread': 'Too long or too deeply nested to be laid out. This is how it was written:',
} as const
