/**
 * The server's log: lines of JSON on stderr, written by Fastify's logger. A line names the event and the route. It
 * never contains anything that a client sent: no text, name, query, header or address.
 */
import type { FastifyError, FastifyRequest, FastifyServerOptions } from 'fastify'
import type { App } from './app-type.ts'

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

export function loggerAt(level: LogLevel): NonNullable<FastifyServerOptions['logger']> {
  if (level === 'silent') return false
  return {
    level,
    stream: process.stderr,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // Fastify's own serializers would log the address, the whole target and the host.
    serializers: { req: requestLine, res: ({ statusCode }) => ({ statusCode }), err: errorLine },
  }
}

/**
 * Logs each response, at the level `debug`. The route is a pattern such as `/feed/:room`, so it contains nothing that a
 * client sent.
 */
export function logRequests(app: App, level: LogLevel): void {
  // Fastify watches the end of each response for this hook, so the hook is added only if it logs.
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

/** Leaves out a parser's message, because it quotes the text that could not be parsed. The stack trace is kept. */
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
