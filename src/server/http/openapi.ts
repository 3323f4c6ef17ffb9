/** OpenAPI 3.1, generated from the contract, so that it cannot say anything else than what happens. */
import { z } from 'zod'
import type { Endpoint } from '#contract/endpoint.ts'
import { FAILURES, type FailureCode, Problem, SHARED_FAILURES } from '#contract/errors.ts'
import { ENDPOINTS } from '#contract/index.ts'
import { FORM } from './form.ts'

const schema = (type: z.ZodType, io: 'input' | 'output') => z.toJSONSchema(type, { io, unrepresentable: 'any', target: 'draft-2020-12' })

/** The document for `/openapi.json`. */
export function openApiDocument(version: string, baseUrl: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const endpoint of ENDPOINTS) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sardonyx',
      version,
      description: 'Everything the interface does goes through these endpoints. Failures are problem+json with a code from a closed list.',
    },
    servers: [{ url: baseUrl }],
    paths,
    components: {
      schemas: { Problem: schema(Problem, 'output') },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token from /api/auth/sign-in with "deliver": "token", or an API token where its scopes are enough.',
        },
      },
    },
  }
}

function operation(endpoint: Endpoint): object {
  const parameters = (['path', 'query'] as const).flatMap((where) => {
    const shape = where === 'path' ? endpoint.params.shape : endpoint.query.shape
    return Object.entries(shape).map(([name, type]) => ({
      name,
      in: where,
      required: where === 'path' || !(type as z.ZodType).safeParse(undefined).success,
      schema: schema(type as z.ZodType, 'input'),
    }))
  })
  const codes: FailureCode[] = [
    ...endpoint.fails,
    ...SHARED_FAILURES.filter((code) => endpoint.access !== 'anyone' || !/^(auth|token)[.]/.test(code)),
  ]
  return {
    operationId: endpoint.id,
    tags: [endpoint.path.split('/')[2] ?? 'api'],
    summary: endpoint.summary,
    'x-access': endpoint.access,
    // What an API token must be good for, one of these; none will do where there is none.
    'x-token-scopes': endpoint.token ?? [],
    'x-proof': endpoint.proof,
    ...(endpoint.access === 'anyone' ? {} : { security: [{ token: [] }] }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(endpoint.body
      ? {
          requestBody: {
            required: true,
            content: { [endpoint.form ? FORM : 'application/json']: { schema: schema(endpoint.body, 'input') } },
          },
        }
      : {}),
    responses: { [endpoint.status]: success(endpoint), ...unchanged(endpoint), ...failures(codes) },
  }
}

function success(endpoint: Endpoint): object {
  if (endpoint.events) {
    const kinds = Object.fromEntries(Object.entries(endpoint.events).map(([name, type]) => [name, schema(type, 'output')]))
    return {
      description: 'Server-sent events; x-events gives the data of each kind.',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
      'x-events': kinds,
    }
  }
  if (endpoint.bytes) {
    return {
      description: `Bytes: ${endpoint.bytes.join(', ')}.`,
      content: Object.fromEntries(endpoint.bytes.map((type) => [type, {}])),
    }
  }
  if (endpoint.status === 303) return { description: 'The browser is sent on to a page of this server.' }
  if (!endpoint.reply) return { description: 'Done; there is nothing to say.' }
  return { description: 'Done.', content: { 'application/json': { schema: schema(endpoint.reply, 'output') } } }
}

function unchanged({ kept }: Endpoint): object {
  return kept ? { 304: { description: 'Still the version that If-None-Match names.' } } : {}
}

function failures(codes: readonly FailureCode[]): Record<string, object> {
  const byStatus = Map.groupBy(codes, (code) => FAILURES[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      String(status),
      {
        description: list.map((code) => `\`${code}\`: ${FAILURES[code].detail}`).join('\n'),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}
