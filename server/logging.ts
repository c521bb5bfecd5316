/**
 * What the server logs: lines of JSON on stderr, by Fastify's own logger. They hold what happened
 * and to which route, never what somebody sent: no text, name, query, header or address.
 */
import type { FastifyError, FastifyRequest, FastifyServerOptions } from 'fastify'
import type { App } from './transports/transport.ts'

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
    // Fastify's own would log the address, the whole target and the host.
    serializers: { req: requestLine, res: ({ statusCode }) => ({ statusCode }), err: errorLine },
  }
}

/** Each answered request, at `debug`. A route is what was asked for without whatever a client put into it. */
export function logRequests(app: App): void {
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

/** A parser's error quotes what it could not parse, so its message stays out; where it happened does not. */
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
