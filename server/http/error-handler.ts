/**
 * Turns every failure into an error of the catalogue (errors.ts). This includes a failure of Node's parser, which
 * happens before Fastify gets the request.
 */
import { STATUS_CODES } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { preflightHeaders } from './cors.ts'
import { FeedError, problem, quote } from './errors.ts'
import type { ErrorCode } from './errors.ts'
import { RoomsFull } from '../feed/feed.ts'
import { KeyReused } from '../feed/keys.ts'
import { LogUnavailable } from '../feed/log.ts'
import type { Rendered } from './rendered.ts'

/**
 * Adds the handlers of errors and of unknown paths. `nothingAt` returns the 404 page for browsers. Without `nothingAt`,
 * browsers get the same error as programs.
 */
export function handleErrors(app: FastifyInstance, nothingAt?: (path: string) => Promise<Rendered>): void {
  const methods = collectMethods(app)
  app.setErrorHandler<FastifyError>(answerError)
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.replace(/\?.*/s, '')
    const taken = methods(path)
    const allowed = taken.length === 0 ? [] : [...taken, 'OPTIONS']
    if (request.method === 'OPTIONS' && path === '*') return reply.code(204).send()
    if (request.method === 'OPTIONS' && allowed.length > 0) {
      if (reply.hasHeader('access-control-allow-origin')) reply.headers(preflightHeaders(taken))
      return reply.code(204).header('allow', allowed.join(', ')).send()
    }
    // If the path has a route for this method, that route has called this handler, because the thing that the path
    // names does not exist. The status is then 404 too.
    if (allowed.length === 0 || allowed.includes(request.method)) {
      if (nothingAt && isForPeople(request)) return sendPage(reply, await nothingAt(path))
      return send(reply, new FeedError('not-found', `There is nothing at ${quote(path)}.`))
    }
    reply.header('allow', allowed.join(', '))
    return send(
      reply,
      new FeedError(
        'wrong-method',
        `${quote(path)} does not support ${request.method}.`,
        `Use ${taken.join(' or ')} instead.`,
      ),
    )
  })
}

export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  send(reply, toFeedError(error, request))
}

function send(reply: FastifyReply, error: FeedError): FastifyReply {
  return reply
    .code(error.statusCode)
    .headers(error.headers)
    .type('application/problem+json')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problem(error)))
}

/**
 * Returns true if a browser asks for a page. A browser that asks for a page names HTML in the Accept field. By default,
 * curl and a script's `fetch` do not name HTML, because they accept any type.
 */
function isForPeople({ method, headers: { accept = '' } }: FastifyRequest): boolean {
  return method === 'GET' && accept.includes('text/html')
}

function sendPage(reply: FastifyReply, { headers, body }: Rendered): FastifyReply {
  return reply.code(404).headers(headers).header('cache-control', 'no-store').send(body)
}

/**
 * Returns a function that lists the methods of a path. If a route without a parameter matches the path, routes with a
 * parameter do not count. Routes that end in `*` never count, because they match any path.
 */
function collectMethods(app: FastifyInstance): (path: string) => string[] {
  const routes: { readonly url: string; readonly path: RegExp; readonly methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    if (!url.endsWith('*'))
      routes.push({ url, path: new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}/?$`), methods: [method].flat() })
  })
  return (path) => {
    const matching = routes.filter((route) => route.path.test(path))
    const named = matching.filter(({ url }) => !url.includes(':'))
    return [...new Set((named.length > 0 ? named : matching).flatMap(({ methods }) => methods))]
  }
}

/** Maps each error of Fastify that a client can cause to a code of the catalogue and a sentence for the client. */
const FASTIFY_CODES: Record<string, readonly [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['too-large', 'The body is larger than 16 KiB.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['bad-json', 'The body is empty.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['bad-json', 'The body cannot be parsed.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-request', 'The body is not as long as Content-Length says.'],
  FST_ERR_BAD_URL: ['bad-url', 'The path is not percent-encoded UTF-8.'],
}

function toFeedError(error: FastifyError, request: FastifyRequest): FeedError {
  const raised = ofFeed(error)
  if (raised) return raised
  if (error.validation) return invalid(error, request)
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const type = request.headers['content-type']
    return new FeedError(
      'wrong-type',
      type === undefined
        ? 'The body has no content type.'
        : `The content type of the body is ${quote(type)}, not application/json.`,
    )
  }
  const known = FASTIFY_CODES[error.code]
  if (known) return new FeedError(...known)
  if (error.statusCode !== undefined && error.statusCode < 500)
    return new FeedError(error instanceof SyntaxError ? 'bad-json' : 'bad-request', `${error.message}.`)
  // The client did not cause this failure. The server writes the details to its log and sends no details to the client.
  request.log.error({ err: error, req: request }, 'request failed')
  return new FeedError('internal', `${request.method} ${quote(request.url)} failed.`)
}

/** Returns the catalogue's error for a failure of the feed or of a check. Returns null for any other failure. */
export function ofFeed(error: unknown): FeedError | null {
  if (error instanceof FeedError) return error
  if (error instanceof RoomsFull) return new FeedError('too-many-rooms', error.message)
  if (error instanceof KeyReused) return new FeedError('key-reused', error.message)
  if (error instanceof LogUnavailable) return new FeedError('log-unavailable', error.message, error.remedy)
  return null
}

function invalid({ validation, validationContext }: FastifyError, request: FastifyRequest): FeedError {
  const [first] = validation ?? []
  const missing = first?.keyword === 'required' ? Object.values(first.params).flat()[0] : undefined
  const name = typeof missing === 'string' ? missing : (first?.instancePath.slice(1) ?? '')
  const values = { params: request.params, querystring: request.query, body: request.body, headers: request.headers }[
    validationContext ?? 'body'
  ]
  const value = name.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown> | null)?.[key], values)
  const code = name === 'room' ? 'bad-room' : validationContext === 'body' ? 'bad-body' : 'bad-parameter'
  const what = name === '' ? `The body is ${quote(request.body)}` : `${name} is ${quote(value)}`
  return new FeedError(
    code,
    missing !== undefined ? `${name} is missing.` : `${what}: it ${first?.message ?? 'is not allowed'}.`,
    remedyFor(request, validationContext, name),
  )
}

/**
 * Returns a remedy that describes the valid values. The remedy quotes the parameter's description in the route's
 * schema. Returns undefined if the schema has no such description.
 */
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

/** Maps each connection to its latest responses: all unfinished responses, and perhaps some finished responses. */
const answering = new WeakMap<Duplex, ServerResponse[]>()
const isAnswered = new WeakSet<Duplex>()

/**
 * Records the unfinished responses of each connection, so that `answerClientError` does not write into the middle of a
 * response.
 */
export function watchResponses(server: Server): void {
  server.prependListener('request', ({ socket }, response) => {
    const responses = answering.get(socket) ?? []
    if (responses.length === 0) answering.set(socket, responses)
    // The responses of a connection end in the order of their requests, so finished responses are at the start. A
    // listener for the end of each response would cost more.
    while (responses[0]?.closed) responses.shift()
    responses.push(response)
  })
}

/** Returns true if the connection of this response has no other response that is not complete. */
export function isOnlyResponse(response: ServerResponse): boolean {
  const responses = response.socket ? answering.get(response.socket) : undefined
  return responses?.filter(({ closed }) => !closed).every((other) => other === response) ?? false
}

/** Forgets the responses of a connection that Node's parser no longer reads. */
export function forgetResponses(socket: Duplex): void {
  answering.delete(socket)
}

/** Sends an error to a client whose request Node's own parser has refused. */
export function answerClientError(error: Error, socket: Duplex): void {
  if (isAnswered.has(socket)) return
  isAnswered.add(socket)
  const responses = (answering.get(socket) ?? []).filter(({ closed }) => !closed)
  // If the server wrote the error into the middle of a response, the client would read the error as a part of that
  // response.
  if (responses.some((response) => response.headersSent && !response.writableEnded)) return void socket.destroy()
  // The server first completes the responses to all requests that arrived completely before the error.
  const before = responses.findLast(({ req }) => req.complete)
  if (before) before.once('close', () => answerRawError(error, socket))
  else answerRawError(error, socket)
}

/** Maps errors of Node's parser to codes of the catalogue. Every other error of the parser becomes `bad-request`. */
const RAW_CODES: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'timeout',
  HPE_HEADER_OVERFLOW: 'head-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'too-large',
  // Node's parser gives this code if the client speaks HTTP/2.
  HPE_PAUSED_H2_UPGRADE: 'wrong-version',
}

/**
 * Writes an error directly to the socket. The server uses this function, for example, if the received bytes are not an
 * HTTP request, if a request arrives too slowly, or if its method is CONNECT.
 */
export function answerRawError(error: Error & { code?: string; reason?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  // For a wrong HTTP version, Node gives the same `code` as for a missing line break. Only `reason` differs.
  const code = error.reason === 'Invalid HTTP version' ? 'wrong-version' : RAW_CODES[error.code ?? '']
  const answer = ofFeed(error) ?? new FeedError(code ?? 'bad-request', `${error.message}.`)
  const json = JSON.stringify(problem(answer))
  const headers = {
    ...answer.headers,
    connection: 'close',
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(json),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${answer.statusCode} ${STATUS_CODES[answer.statusCode]}\r\n${fields.join('')}\r\n${json}`)
}
