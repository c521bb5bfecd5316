/** Lanes on the wire: which requests belong to which, what their bytes mean, and what each has used. */
import type { IncomingMessage } from 'node:http'
import type { Access } from '../access.ts'
import type { TransportName } from '../protocol.ts'
import type { App } from '../transports/transport.ts'
import type { Meter } from '../wire/meter.ts'
import type { Reading } from '../wire/reading.ts'
import { countPollEvents, countStreamEvents } from './event-bytes.ts'

const schema = { summary: 'What went over the wire, by lane; for the instructor' }

export function serveLanes(app: App, access: Access, meter: Meter): void {
  app.get('/lab/lanes', { schema }, async ({ raw }, reply) => {
    access.checkInstructor(raw, 'What went over the wire concerns everybody.')
    reply.header('cache-control', 'no-store')
    return meter.read()
  })
}

/** Null for what belongs to no lane: a request that is neither the feed's nor an act of the lab's, or names no lane in its query. */
export function readingOf({ url = '' }: Pick<IncomingMessage, 'url'>): Reading | null {
  if (!url.includes('lane=')) return null
  const lane = new URLSearchParams(url.slice(url.indexOf('?'))).get('lane')
  const transport = ACT_PATH.test(url) ? null : transportOf(url)
  if (transport === undefined || lane === null || !LANE.test(lane)) return null
  const isPoll = transport === 'short-poll' || transport === 'long-poll'
  return {
    lane,
    transport,
    body: (status, event) => (status === 200 ? countBody(transport, event) : countNone),
    idOf,
    messageDown: (text) => (isPong(text) ? 'heartbeats' : isEvent(text) ? 'payload' : 'framing'),
    messageUp: (text) => (isPing(text) ? 'heartbeats' : 'requestBodies'),
    // Without an answer it was held in vain until the client left.
    isEmpty: (status) => isPoll && (status === null || status === 204),
  }
}

/** Null for what only goes up, as a publish; undefined for what is none of the feed's. */
export function transportOf(url: string): TransportName | null | undefined {
  const [path = ''] = url.split('?')
  const [, route] = FEED_PATH.exec(path) ?? []
  return route === undefined ? undefined : (TRANSPORTS[route] ?? null)
}

/** What a page may want to see as it crossed, though it is none of the feed's. */
const ACT_PATH = /^\/lab\/(?:settings|cut|restart|lanes)\?/

const LANE = /^[A-Za-z0-9._-]{1,64}$/

/** `/feed/ROOM/ROUTE`, `/feed/ROOM` to publish, `typing` and `leave` beside it, and `/ws` or nothing at all for the bare conversation. */
const FEED_PATH = /^(?:\/feed\/[^/]+)?\/?(|typing|leave|poll|long-poll|sse|ws)\/?$/

const TRANSPORTS: Partial<Record<string, TransportName>> = {
  poll: 'short-poll',
  'long-poll': 'long-poll',
  sse: 'sse',
  ws: 'ws',
}

function countBody(transport: TransportName | null, event?: (text: string) => void): ReturnType<Reading['body']> {
  if (transport === 'sse') return countStreamEvents(event)
  return transport === null ? countNone : countPollEvents(event)
}

const countNone = () => ({ payload: 0, heartbeats: 0 })

/** Control messages have an id at most of something else, and never a time. */
function isEvent(text: string): boolean {
  const value = parse(text)
  return typeof value === 'object' && value !== null && 'id' in value && 'at' in value
}

function idOf(event: string): string | undefined {
  const value = parse(event)
  return typeof value === 'object' && value !== null && 'id' in value ? String(value.id) : undefined
}

const isPong = (text: string): boolean => text === '{"type":"pong"}'

function isPing(text: string): boolean {
  const value = parse(text)
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'ping'
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
