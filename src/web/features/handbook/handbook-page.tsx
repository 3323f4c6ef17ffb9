export function HandbookPage() { return null }
