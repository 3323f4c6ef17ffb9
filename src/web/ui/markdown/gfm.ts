/**
 * Tables, task lists, strikethrough, bare links and footnotes, as GitHub writes them. The package remark-gfm does the same
 * and also brings what it takes to write Markdown, which nobody here does.
 */
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'

interface Extensions {
  micromarkExtensions?: unknown[]
  fromMarkdownExtensions?: unknown[]
}

/** A remark plugin: reads GitHub's Markdown. */
export function remarkGfm(this: { data(): object }): void {
  const data: Extensions = this.data()
  data.micromarkExtensions = [...(data.micromarkExtensions ?? []), gfm()]
  data.fromMarkdownExtensions = [...(data.fromMarkdownExtensions ?? []), gfmFromMarkdown()]
}
