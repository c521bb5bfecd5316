/**
 * The server's log. Fastify's logger writes each entry to stderr as one line of JSON. An entry names the event and the
 * route. An entry never contains anything that a client sent: no text, name, query, header or address.
 */
import type { FastifyError, FastifyRequest, FastifyServerOptions } from 'fastify'
import type { App } from './app-type.ts'

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** `worker`: number of this process, which each entry then names. Undefined if one process is the whole server. */
export function loggerAt(level: LogLevel, worker?: number): NonNullable<FastifyServerOptions['logger']> {
  if (level === 'silent') return false
  return {
    level,
    stream: process.stderr,
    base: worker === undefined ? null : { worker },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // Fastify's own serializers would log the client's address, the whole target and the Host field.
    serializers: { req: requestLine, res: ({ statusCode }) => ({ statusCode }), err: errorLine },
  }
}

/**
 * Logs each response at the level `debug`. An entry contains only the pattern of the route, such as `/feed/:room`,
 * because a path contains text that a client sent.
 */
export function logRequests(app: App, level: LogLevel): void {
  // With this hook, Fastify has to watch the end of each response. So the server adds the hook only at the level
  // `debug`.
  if (level !== 'debug') return
  app.addHook('onResponse', async (request, reply) => {
    request.log.debug(
      { req: request, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 1000) / 1000 },
      'answered',
    )
  })
}

function requestLine({ method, routeOptions }: FastifyRequest) {
  return { method, route: routeOptions?.url ?? null }
}

/**
 * Returns the fields of an error for the log. Omits the message of a `SyntaxError`, because a parser's message quotes
 * the text that it could not parse. Keeps the stack trace.
 */
export function errorLine(error: FastifyError) {
  return {
    type: error.name,
    code: error.code,
    message: error instanceof SyntaxError ? '' : error.message,
    stack: (error.stack ?? '')
      .split('\n')
      .filter((line) => line.startsWith('    at '))
      .join('\n'),
  }
}
