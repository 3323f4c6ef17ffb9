/**
 * Replies that are bytes. Whatever is in them, a browser takes it for nothing but its declared type, and should it be opened as a page,
 * it runs nothing, loads nothing and belongs to no origin.
 */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Endpoint } from '#contract/endpoint.ts'
import type { Bytes } from '../isolation/route.ts'

const POLICY = "default-src 'none';object-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none';sandbox"

/** Sends bytes of a declared type. Kept ones are asked for each time, and are not sent again while their version is the same. */
export function sendBytes(
  reply: FastifyReply,
  { id, status, bytes: types, kept }: Endpoint,
  { request, bytes }: { request: FastifyRequest; bytes: Bytes },
): FastifyReply {
  const { type, content, fileName, version } = bytes
  if (!types?.includes(type)) throw new Error(`${id} answers with ${type}, which it does not declare`)
  reply.headers({ 'content-security-policy': POLICY, 'content-disposition': dispositionOf(fileName) })
  if (kept && version !== undefined) {
    const tag = `"${version}"`
    // Another person's bytes in the same browser are another reply.
    reply.headers({ 'cache-control': 'private, no-cache', vary: 'Cookie, Authorization', etag: tag })
    if (namesTag(request.headers['if-none-match'], tag)) {
      if (content instanceof Readable) content.destroy()
      return reply.code(304).send()
    }
  }
  return reply
    .code(status)
    .type(type === 'text/csv' ? 'text/csv; charset=utf-8' : type)
    .send(content)
}

function namesTag(given: string | undefined, tag: string): boolean {
  return given?.split(',').some((one) => one.trim().replace(/^W\//, '') === tag) ?? false
}

/** RFC 6266: the name in ASCII for old programs, and in full. Nothing in it ends the header or names a folder. */
function dispositionOf(fileName: string | undefined): string {
  if (fileName === undefined) return 'inline'
  const name = fileName.toWellFormed().replace(/[\p{Cc}\p{Cf}/\\:]/gu, '_')
  const plain = name.replace(/[^\w .-]/g, '_')
  const full = encodeURIComponent(name).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${plain}"; filename*=UTF-8''${full}`
}
