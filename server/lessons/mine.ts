/**
 * Serves the student's server under `/mine` on this server's own port: this server passes a request for `/mine/PATH` on
 * as a request for `/PATH`. So one forwarded port reaches this server and the student's server. The bytes of the
 * student's lane are counted, captured, delayed and cut like the bytes of the other lanes.
 */
import type { IncomingMessage } from 'node:http'
import { COOKIE } from '../access/credentials.ts'
import { isSessionToken } from '../access/sessions.ts'
import { FeedError, quote } from '../http/errors.ts'
import type { App } from '../http/app-type.ts'
import type { Goodbye } from '../transports/transport.ts'
import { isWebSocketUpgrade, takeSocket } from '../http/upgrade.ts'
import { headText } from '../wire/request-head.ts'
import type { Wire } from '../wire/wire.ts'
import type { Kit } from './kit.ts'
import { createRelay } from './relay.ts'

export const MINE = '/mine'

export interface Mine {
  /**
   * Shortest time in ms that the hop from this server to the student's server adds in each direction. Null before the
   * first connection.
   */
  readonly hopMs: number | null
  /** Calls `listener` after each change of `hopMs`. Returns a function that removes the listener. */
  follow(listener: () => void): () => void
  readonly leave: Goodbye
}

/** Number of recent connections whose times determine `hopMs`. */
const HOPS = 15

/** Adds the routes of `/mine`, if there is a kit. */
export function serveMine(app: App, kit: Kit | undefined, wire: Wire): Mine {
  const hops: number[] = []
  const listeners = new Set<() => void>()
  const relay = createRelay({
    port: () => (kit?.state?.yours ? Number(new URL(kit.state.yours).port) : null),
    isOutdated: wire.isOutdated,
    connected(ms) {
      hops.push(ms / 2)
      if (hops.length > HOPS) hops.shift()
      for (const listener of listeners) listener()
    },
  })

  if (kit)
    for (const url of [MINE, `${MINE}/*`])
      app.all(url, {
        schema: { hide: true },
        config: { access: 'class' },
        // Relay the request in this hook, because it runs before Fastify reads the body.
        async onRequest(request, reply) {
          const { raw } = request
          checkDestination(raw)
          if (isWebSocketUpgrade(raw)) relay.upgrade(takeSocket(request, reply), headFor(raw))
          else relay.request(raw, reply.hijack().raw, headFor(raw))
        },
        handler: async (_request, reply) => reply,
      })

  return {
    get hopMs() {
      // The shortest time is the best estimate. A longer time means that this process or the student's server was busy.
      return hops.length === 0 ? null : Math.min(...hops)
    },
    follow(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    leave: relay.leave,
  }
}

/**
 * Throws `not-a-page` (403) if a browser wants the response as a page or a script. A student's program must not run in
 * the sandbox's origin with the rights of the sandbox's visitor.
 */
function checkDestination({ headers: { 'sec-fetch-dest': destination = 'empty' }, url = '' }: IncomingMessage): void {
  if (destination !== 'empty' && destination !== 'websocket')
    throw new FeedError('not-a-page', `A browser requested ${quote(url)} as a ${quote(destination)}.`)
}

/**
 * Returns the head that the student's server gets: the head of the request, without the parts that concern only the
 * client and this server.
 */
function headFor({ method, url = '', httpVersion, rawHeaders }: IncomingMessage): string {
  return headText({
    method,
    url: targetOf(url),
    httpVersion,
    rawHeaders: withoutOurs(rawHeaders),
  })
}

/** Removes `/mine` from the target, even if `/mine` is percent-encoded. Removes a session's token from the query. */
function targetOf(url: string): string {
  const [path = '', ...rest] = url.replace(/^\/[^/?]*\/?/, '/').split('?')
  if (rest.length === 0) return path
  const isOurs = (part: string): boolean => isSessionToken(new URLSearchParams(part).get('token') ?? '')
  const parts = rest.join('?').split('&')
  return `${path}?${parts.filter((part) => !isOurs(part)).join('&')}`
}

function withoutOurs(rawHeaders: readonly string[]): string[] {
  return rawHeaders.flatMap((name, i) => {
    const value = i % 2 === 0 ? passedOn(name, rawHeaders[i + 1] ?? '') : null
    return value === null ? [] : [name, value]
  })
}

/**
 * Returns the value of a field for the student's server. Returns null if the student's server must not get the field.
 */
function passedOn(name: string, value: string): string | null {
  // Do not pass `Expect` on, because Node has already sent the response 100.
  if (/^expect$/i.test(name)) return null
  if (/^authorization$/i.test(name)) return /^bearer /i.test(value) ? null : value
  if (!/^cookie$/i.test(name) || !value.includes(COOKIE)) return value
  const others = value.split(/; */).filter((pair) => !pair.startsWith(`${COOKIE}=`))
  return others.length > 0 ? others.join('; ') : null
}
