/** Turns whatever goes wrong on the way through Fastify, or before it, into the catalogue's errors. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FeedError, problem, quote } from './errors.ts'
import type { ErrorCode } from './errors.ts'
import { RoomsFull } from './feed/feed.ts'
import { LogUnavailable } from './feed/log.ts'
import type { Rendered } from './rendered.ts'

/** `nothingAt`: makes the page for people where nothing is; without it they get what programs get. */
export function handleErrors(app: FastifyInstance, nothingAt?: (path: string) => Promise<Rendered>): void {
  const methods = collectMethods(app)
  app.setErrorHandler<FastifyError>(answerError)
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.replace(/\?.*/s, '')
    const allowed = methods(path)
    // A route that takes the method, and has nothing under this name.
    if (allowed.length === 0 || allowed.includes(request.method)) {
      if (nothingAt && isForPeople(request)) return sendPage(reply, await nothingAt(path))
      return send(reply, new FeedError('not-found', `There is nothing at ${quote(path)}.`))
    }
    reply.header('allow', allowed.join(', '))
    return send(
      reply,
      new FeedError(
        'wrong-method',
        `${quote(path)} takes no ${request.method}.`,
        `Use ${allowed.join(' or ')} instead.`,
      ),
    )
  })
}

export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  send(reply, toFeedError(error, request))
}

function send(reply: FastifyReply, error: FeedError): FastifyReply {
  if (error.retryAfterS !== undefined) reply.header('retry-after', error.retryAfterS)
  // A 401 names the scheme that would have been right (RFC 9110, section 15.5.2).
  if (error.statusCode === 401) reply.header('www-authenticate', 'Bearer realm="fourwire"')
  return reply
    .code(error.statusCode)
    .type('application/problem+json')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problem(error)))
}

/** Browsers name HTML when they go to a page; a script's `fetch`, and curl, take whatever there is. */
function isForPeople({ method, headers: { accept = '' } }: FastifyRequest): boolean {
  return method === 'GET' && accept.includes('text/html')
}

function sendPage(reply: FastifyReply, { headers, body }: Rendered): FastifyReply {
  return reply.code(404).headers(headers).header('cache-control', 'no-store').send(body)
}

/** Answers which methods a path takes. Routes that end in `*` take any path and so say nothing. */
function collectMethods(app: FastifyInstance): (path: string) => string[] {
  const routes: { readonly path: RegExp; readonly methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    if (!url.endsWith('*'))
      routes.push({ path: new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}/?$`), methods: [method].flat() })
  })
  return (path) => [...new Set(routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods))]
}

/** Fastify's own errors that a client can cause, in the catalogue's words. */
const FASTIFY_CODES: Record<string, readonly [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['too-large', 'The body is larger than 16 KiB.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['bad-json', 'The body is empty.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['bad-json', 'The body cannot be parsed.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-request', 'The body is not as long as Content-Length says.'],
  FST_ERR_BAD_URL: ['bad-url', 'The path is not percent-encoded UTF-8.'],
}

function toFeedError(error: FastifyError, request: FastifyRequest): FeedError {
  const told = ofFeed(error)
  if (told) return told
  if (error.validation) return invalid(error, request)
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new FeedError(
      'wrong-type',
      `The body is ${quote(request.headers['content-type'] ?? 'without a content type')}, not application/json.`,
    )
  }
  const known = FASTIFY_CODES[error.code]
  if (known) return new FeedError(...known)
  if (error.statusCode !== undefined && error.statusCode < 500)
    return new FeedError(error instanceof SyntaxError ? 'bad-json' : 'bad-request', `${error.message}.`)
  // Not the client's doing: what went wrong is for the server's operator to see, not for the client.
  request.log.error({ err: error, req: request }, 'request failed')
  return new FeedError('internal', `${request.method} ${quote(request.url)} failed.`)
}

/** What the feed and the checks before it refuse, in the catalogue's words; null for whatever else went wrong. */
export function ofFeed(error: unknown): FeedError | null {
  if (error instanceof FeedError) return error
  if (error instanceof RoomsFull) return new FeedError('too-many-rooms', error.message)
  if (error instanceof LogUnavailable) return new FeedError('log-unavailable', error.message)
  return null
}

function invalid({ validation, validationContext }: FastifyError, request: FastifyRequest): FeedError {
  const [first] = validation ?? []
  const missing = first?.keyword === 'required' ? Object.values(first.params).flat()[0] : undefined
  const name = typeof missing === 'string' ? missing : (first?.instancePath.slice(1) ?? '')
  const values = { params: request.params, querystring: request.query, body: request.body, headers: request.headers }[
    validationContext ?? 'body'
  ]
  const value = (values as Record<string, unknown> | null)?.[name]
  const code = name === 'room' ? 'bad-room' : validationContext === 'body' ? 'bad-body' : 'bad-parameter'
  const what =
    name === ''
      ? `The body is ${quote(request.body)}`
      : value === undefined
        ? `${name} is missing`
        : `${name} is ${quote(value)}`
  return new FeedError(
    code,
    `${what}: it ${first?.message ?? 'does not fit'}.`,
    remedyFor(request, validationContext, name),
  )
}

/** The schema's own description of the parameter says what would have been right. */
function remedyFor(
  request: FastifyRequest,
  context: FastifyError['validationContext'],
  name: string,
): string | undefined {
  const schema = request.routeOptions.schema?.[context ?? 'body']
  const description = (schema as { properties?: Record<string, { description?: string }> } | undefined)?.properties?.[
    name
  ]?.description
  return description === undefined ? undefined : `Give ${name} as ${description}.`
}

const RAW_CODES: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'timeout',
  HPE_HEADER_OVERFLOW: 'head-too-large',
}

/** What is no HTTP request, arrives too slowly, or has no route here: answered on the bare socket. */
export function answerRawError(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const code = RAW_CODES[error.code ?? ''] ?? 'bad-request'
  const body = problem(ofFeed(error) ?? new FeedError(code, `${error.message}.`))
  const json = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status]}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
  )
}
