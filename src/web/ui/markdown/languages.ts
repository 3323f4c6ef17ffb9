/** How languages are called, by what stands behind the fence. */
const NAMES: Readonly<Record<string, string>> = {
  bash: 'Shell',
  c: 'C',
  cpp: 'C++',
  cs: 'C#',
  csharp: 'C#',
  css: 'CSS',
  diff: 'Diff',
  go: 'Go',
  html: 'HTML',
  java: 'Java',
  javascript: 'JavaScript',
  js: 'JavaScript',
  json: 'JSON',
  jsx: 'JavaScript, JSX',
  latex: 'LaTeX',
  md: 'Markdown',
  mermaid: 'Diagram',
  php: 'PHP',
  plaintext: 'Text',
  py: 'Python',
  rb: 'Ruby',
  rs: 'Rust',
  sh: 'Shell',
  sql: 'SQL',
  ts: 'TypeScript',
  tsx: 'TypeScript, JSX',
  txt: 'Text',
  typescript: 'TypeScript',
  xml: 'XML',
  yaml: 'YAML',
  yml: 'YAML',
}

/** Names the language; one that isn't known as it was written, with a capital. */
export function nameOf(language: string): string {
  const key = language.toLowerCase()
  return Object.hasOwn(NAMES, key) ? NAMES[key]! : language.charAt(0).toUpperCase() + language.slice(1)
}
