/** Finds the lane of a request, interprets the bytes of a lane, and serves the byte counts of all lanes. */
import type { IncomingMessage } from 'node:http'
import { MINE } from '../lessons/mine.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { Peers } from '../peers/peers.ts'
import type { Lanes, Share } from '../protocol/wire.ts'
import { readTarget } from '../http/request-target.ts'
import type { App } from '../http/app-type.ts'
import type { Meter } from '../wire/meter/meter.ts'
import type { Reading } from '../wire/reading.ts'
import { idOf } from '../transports/event-text.ts'
import type { ListedTransport } from '../transports/listed.ts'
import { sumOfLanes } from './all-lanes.ts'

const config = { access: 'instructor', why: 'The byte counts contain the lanes of all users.' } as const

const schema = { summary: 'The byte counts of every lane; for the instructor' }

/** Serves the sums of all processes that share a Redis. */
export function serveLanes(app: App, meter: Meter, peers: Peers): void {
  peers.answer('lanes', () => meter.read())
  app.get('/lab/lanes', { schema, config }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    const others = await peers.ask('lanes', null)
    // Read the own counts last, so that they include this request.
    return others.length === 0
      ? meter.read()
      : sumOfLanes([...others.map(({ answer }) => answer as Lanes), meter.read()])
  })
}

/** All transports; the key is the name of the transport. */
export type TransportList = Readonly<Record<string, ListedTransport>>

export interface LaneReader {
  /**
   * Returns the reading for the lane of a request. Returns null if the query names no lane, or if the request is
   * neither for the feed nor an act of the lab.
   */
  readingOf(request: Pick<IncomingMessage, 'url'>): Reading | null
  /**
   * Returns the transport that serves a URL. Returns null for a route of the feed that delivers no events, such as
   * publishing. Returns undefined for a route outside the feed.
   */
  transportOf(url: string): TransportName | null | undefined
}

export function readLanes(transports: TransportList): LaneReader {
  const byRoute = new Map<string, TransportName>()
  for (const [name, { paths }] of Object.entries(transports))
    for (const path of paths) byRoute.set(path.slice(path.lastIndexOf('/') + 1), name as TransportName)
  /** Transport of a WebSocket whose path names no transport, such as `/`. */
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
      // If a poll has no status, the client left while the server held the request.
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

/** Matches the acts of the lab whose exchanges a page may want to inspect. */
const ACT_PATH = /^\/lab\/(?:settings|cut|restart|lanes)\?/

const LANE = /^[A-Za-z0-9._-]{1,64}$/

/** Matches `/feed/ROOM/ROUTE`, `/feed/ROOM`, `/ROUTE` and `/`. */
const FEED_PATH = /^(?:\/feed\/[^/]+)?\/?([^/]*)\/?$/

/** Routes of the feed that deliver no events. The empty route publishes an event. */
const OTHER_ROUTES: ReadonlySet<string> = new Set(['', 'typing', 'leave'])

const countNone = (): Share => ({ payload: 0, heartbeats: 0 })
