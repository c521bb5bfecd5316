/** Lanes on the wire: which requests belong to which, what their bytes mean, and what each has used. */
import type { IncomingMessage } from 'node:http'
import { MINE } from '../lessons/mine.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { Share } from '../protocol/wire.ts'
import { readTarget } from '../http/request-target.ts'
import type { App } from '../http/app-type.ts'
import type { Meter } from '../wire/meter/meter.ts'
import type { Reading } from '../wire/reading.ts'
import { idOf } from '../transports/event-text.ts'
import type { ListedTransport } from '../transports/listed.ts'

const config = { access: 'instructor', why: 'What went over the wire concerns everybody.' } as const

const schema = { summary: 'What went over the wire, by lane; for the instructor' }

export function serveLanes(app: App, meter: Meter): void {
  app.get('/lab/lanes', { schema, config }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return meter.read()
  })
}

/** The transports by name. */
export type TransportList = Readonly<Record<string, ListedTransport>>

export interface LaneReader {
  /** Returns null if the request names no lane in its query, or is neither for the feed nor an act of the lab. */
  readingOf(request: Pick<IncomingMessage, 'url'>): Reading | null
  /** Returns null for a route of the feed that delivers no events, such as publishing. Returns undefined for any other route. */
  transportOf(url: string): TransportName | null | undefined
}

export function readLanes(transports: TransportList): LaneReader {
  const byRoute = new Map<string, TransportName>()
  for (const [name, { paths }] of Object.entries(transports))
    for (const path of paths) byRoute.set(path.slice(path.lastIndexOf('/') + 1), name as TransportName)
  /** An upgrade of `/` gets a WebSocket too, though the path names no transport. */
  const socket = Object.values(transports).find(({ kind }) => kind === 'socket')

  return { readingOf, transportOf }

  function readingOf({ url: target = '' }: Pick<IncomingMessage, 'url'>): Reading | null {
    const { path } = readTarget(target)
    if (!path.includes('lane=')) return null
    const url = path.startsWith(`${MINE}/`) ? path.slice(MINE.length) : path
    const lane = new URLSearchParams(url.slice(url.indexOf('?'))).get('lane')
    const transport = ACT_PATH.test(url) ? null : transportOf(url)
    if (transport === undefined || lane === null || !LANE.test(lane)) return null
    const { kind, reading = {} } = (transport === null ? null : transports[transport]) ?? {}
    const { messageDown, messageUp } = kind === undefined ? (socket?.reading ?? {}) : reading
    return {
      lane,
      transport,
      body: (status, event) => (status === 200 && reading.body ? reading.body(event) : countNone),
      idOf,
      messageDown: (text) => messageDown?.(text) ?? 'framing',
      messageUp: (text) => messageUp?.(text) ?? 'requestBodies',
      // A poll without a response was held in vain until the client left.
      isEmpty: (status) => kind === 'poll' && (status === null || status === 204),
    }
  }

  function transportOf(url: string): TransportName | null | undefined {
    const [path = ''] = url.split('?')
    const [, route] = FEED_PATH.exec(path) ?? []
    if (route === undefined) return undefined
    return byRoute.get(route) ?? (OTHER_ROUTES.has(route) ? null : undefined)
  }
}

/** Acts of the lab whose exchanges a page may want to inspect. */
const ACT_PATH = /^\/lab\/(?:settings|cut|restart|lanes)\?/

const LANE = /^[A-Za-z0-9._-]{1,64}$/

/** Matches `/feed/ROOM/ROUTE`, `/feed/ROOM`, `/ROUTE` and `/`. */
const FEED_PATH = /^(?:\/feed\/[^/]+)?\/?([^/]*)\/?$/

/** Routes of the feed that deliver no events. The empty one publishes. */
const OTHER_ROUTES: ReadonlySet<string> = new Set(['', 'typing', 'leave'])

const countNone = (): Share => ({ payload: 0, heartbeats: 0 })
