/**
 * The document in which diagrams are drawn. Its policy names its own scripts by their hashes and permits no request at all,
 * and it has no origin, however it is opened: what a diagram talks the library into stays within its frame.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'

/** Serves it from the folder of the interface, where it lies compressed, as every browser takes it. */
export function addDiagram(app: FastifyInstance, web: string): void {
  let made: ReturnType<typeof read> | undefined
  app.get('/diagram.html', async (request, reply) => {
    made ??= read(join(web, 'diagram.html.gz')).catch((error: unknown) => {
      made = undefined
      throw error
    })
    const { file, policy, etag } = await made
    reply.headers({ 'content-security-policy': policy, 'cache-control': 'no-cache', etag }).removeHeader('x-frame-options')
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    return reply.headers({ 'content-encoding': 'gzip', 'content-type': 'text/html; charset=utf-8' }).send(file)
  })
}

async function read(path: string) {
  const file = await readFile(path)
  const scripts = gunzipSync(file)
    .toString()
    .matchAll(/<script>([\s\S]*?)<\/script>/g)
  const policy = [
    "default-src 'none'",
    `script-src ${[...scripts].map(([, script = '']) => `'sha256-${hash(script)}'`).join(' ')}`,
    "style-src 'unsafe-inline'",
    'font-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    'sandbox allow-scripts',
  ].join(';')
  return { file, policy, etag: `"${hash(file)}"` }
}

const hash = (content: string | Buffer) => createHash('sha256').update(content).digest('base64')
