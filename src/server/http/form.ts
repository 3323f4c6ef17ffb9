/** Bodies that are forms, for the endpoints that declare one, and for no other: a form is what another site's page could send. */
import type { FastifyInstance } from 'fastify'
import type { Route } from '../isolation/route.ts'
import { type BindParts, bind } from './bind.ts'

export const FORM = 'application/x-www-form-urlencoded'

/** Adds a route whose body is a form, apart from all others. A field that comes twice is refused. */
export function bindForm(app: FastifyInstance, route: Route, parts: BindParts): void {
  app.register((apart, _options, registered) => {
    apart.removeAllContentTypeParsers()
    apart.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body: string, done) => {
      const fields = new URLSearchParams(body)
      done(null, new Set(fields.keys()).size === fields.size ? Object.fromEntries(fields) : [...fields])
    })
    bind(apart, route, parts)
    registered()
  })
}
