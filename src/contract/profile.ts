/** What people show of themselves: their name and their picture. */
import { z } from 'zod'
import { Me } from './accounts.ts'
import { endpoint, line } from './endpoint.ts'
import { UserId } from './ids.ts'

/** As much as fits into a request beside its JSON. */
const LONGEST_PICTURE = 990_000

export const changeMe = endpoint({
  id: 'me.change',
  method: 'PATCH',
  path: '/api/me',
  summary: 'Change own name',
  access: 'user',
  work: 'door',
  body: z.strictObject({ name: line(80) }),
  reply: Me,
})

export const setPicture = endpoint({
  id: 'me.set_picture',
  method: 'POST',
  path: '/api/me/picture',
  summary: 'Show a picture of oneself. What is kept is made anew from its pixels: a square of 256, and nothing else of the file',
  access: 'user',
  work: 'none',
  body: z.strictObject({
    picture: z
      .base64('must be base64')
      .min(1, 'must not be empty')
      .max(LONGEST_PICTURE, 'must be smaller than 740 KB')
      .describe('a PNG, JPEG or WebP file in base64; animations are refused'),
  }),
  reply: z.strictObject({ version: z.uuid() }),
  fails: ['picture.unreadable'],
})

export const removePicture = endpoint({
  id: 'me.remove_picture',
  method: 'DELETE',
  path: '/api/me/picture',
  summary: 'Show no picture any more',
  access: 'user',
  work: 'write',
  status: 204,
})

export const getPicture = endpoint({
  id: 'members.picture',
  method: 'GET',
  path: '/api/members/:userId/picture',
  summary: 'The picture of a person whom the directory shows',
  access: 'user',
  work: 'read',
  token: ['read', 'chat', 'admin'],
  activity: false,
  params: z.strictObject({ userId: UserId }),
  query: z.strictObject({
    v: z.uuid().optional().describe('a version, for browsers that would show an earlier one; the latest is given in any case'),
  }),
  bytes: ['image/webp'],
  kept: true,
  fails: ['picture.not_found'],
})
