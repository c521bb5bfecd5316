/** What a check asks of an answer. Each throws `Wrong` with the bytes and the place of the first wrong one. */
import type { Event } from '../../server/protocol.ts'
import type { Hint } from './exercise.ts'
import { Wrong } from './exercise.ts'
import type { Exchange } from './exchange.ts'

/** What the student is told besides the bytes. `hint` may depend on what was different. */
export interface Told {
  readonly saw: string
  readonly why?: string
  readonly hint: string | Hint | ((seen: Difference) => string)
}

/** How a list of events is not the one that was wanted. */
export type Difference = 'missing' | 'repeated' | 'out of order' | 'too many' | 'other'

/** The exchange as lines of text: what was asked, the status, the named headers, the body. */
export function shown(exchange: Exchange, headers: readonly string[] = []): string {
  const named = headers.filter((name) => name in exchange.headers).map((name) => `${name}: ${exchange.headers[name]}`)
  const head = [exchange.requestLine, '', ...(exchange.statusLine ? [exchange.statusLine, ...named] : [])]
  return `${head.join('\n')}\n${exchange.body}`.trimEnd()
}

export function expectStatus(exchange: Exchange, wanted: number, told: Told): void {
  if (exchange.status === wanted) return
  const bytes = shown(exchange)
  throw new Wrong({
    ...plain(told, 'other'),
    bytes,
    at: bytes.indexOf(exchange.statusLine) + 'HTTP/1.1 '.length,
    wanted: String(wanted),
  })
}

/** The events of a poll's answer, by their ids and in their order. */
export function expectEvents(exchange: Exchange, wanted: readonly Event[], told: Told): void {
  const found = eventsOf(exchange)
  const ids = found.map(({ id }) => String(id))
  const wantedIds = wanted.map(({ id }) => id)
  const first = firstDifference(ids, wantedIds)
  if (first === null) return
  const bytes = shown(exchange)
  throw new Wrong({
    ...plain(told, differenceOf(ids, wantedIds)),
    bytes,
    at: placeOfId(bytes, ids, first),
    wanted:
      wantedIds.slice(first, first + 3).join(', then ') + (wantedIds.length > first + 3 ? ' …' : '') || 'nothing more',
  })
}

/** A field of the JSON in the body. */
export function expectField(exchange: Exchange, name: string, wanted: string | number | boolean, told: Told): void {
  const value = objectOf(exchange)[name]
  if (value === wanted) return
  const bytes = shown(exchange)
  // The last: an event may have a field of that name as well.
  const key = bytes.lastIndexOf(`"${name}":`)
  throw new Wrong({
    ...plain(told, value === undefined ? 'missing' : 'other'),
    bytes,
    at: key < 0 ? bytes.length : key + name.length + 3,
    wanted: key < 0 ? `"${name}":${JSON.stringify(wanted)}` : JSON.stringify(wanted),
  })
}

export function expectHeader(exchange: Exchange, name: string, wanted: string | RegExp, told: Told): void {
  const value = exchange.headers[name]
  if (value !== undefined && (typeof wanted === 'string' ? value === wanted : wanted.test(value))) return
  const bytes = shown(exchange, [name])
  const line = bytes.indexOf(`\n${name}: `)
  throw new Wrong({
    ...plain(told, value === undefined ? 'missing' : 'other'),
    bytes,
    at: line < 0 ? bytes.indexOf(exchange.statusLine) + exchange.statusLine.length : line + name.length + 3,
    wanted: line < 0 ? `and a header: ${name}: ${wanted}` : String(wanted),
  })
}

/** How two lists of ids differ, for choosing a hint. */
function differenceOf(found: readonly string[], wanted: readonly string[]): Difference {
  if (new Set(found).size < found.length) return 'repeated'
  const extra = found.filter((id) => !wanted.includes(id))
  const missing = wanted.filter((id) => !found.includes(id))
  if (missing.length > 0) return 'missing'
  return extra.length > 0 ? 'too many' : 'out of order'
}

function plain({ saw, why, hint }: Told, seen: Difference) {
  return { saw, ...(why !== undefined && { why }), hint: typeof hint === 'function' ? hint(seen) : hint }
}

function firstDifference(found: readonly string[], wanted: readonly string[]): number | null {
  const length = Math.max(found.length, wanted.length)
  for (let i = 0; i < length; i++) if (found[i] !== wanted[i]) return i
  return null
}

/** Of the event's id in the text; where the list is too short, of its end. */
function placeOfId(bytes: string, ids: readonly string[], index: number): number {
  const body = bytes.lastIndexOf('\n') + 1
  let at = bytes.indexOf('"events":', body)
  for (const id of ids.slice(0, index + 1)) at = bytes.indexOf(`"id":${JSON.stringify(id)}`, at + 1)
  if (index < ids.length) return at + '"id":"'.length
  return endOfEvents(bytes, body)
}

function endOfEvents(bytes: string, body: number): number {
  const open = bytes.indexOf('[', body)
  if (open < 0) return body
  let depth = 0
  for (let i = open; i < bytes.length; i++) {
    if (bytes[i] === '[') depth += 1
    if (bytes[i] === ']' && (depth -= 1) === 0) return i
  }
  return body
}

function eventsOf(exchange: Exchange): readonly { readonly id?: unknown }[] {
  const { events } = objectOf(exchange)
  if (Array.isArray(events)) return events
  const bytes = shown(exchange)
  throw new Wrong({
    saw: 'The answer has no list of events:',
    bytes,
    at: bytes.lastIndexOf('\n') + 1,
    wanted: '{"events":[…],"cursor":"…","gap":false,"more":false}',
    hint: NO_EVENTS,
  })
}

function objectOf(exchange: Exchange): Record<string, unknown> {
  const { json } = exchange
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { ...json }
  const bytes = shown(exchange)
  throw new Wrong({
    saw: exchange.body === '' ? 'The answer has no body:' : 'The body of the answer is no JSON object:',
    bytes,
    at: exchange.body === '' ? bytes.length : bytes.lastIndexOf(exchange.body),
    wanted: '{"events":[…],"cursor":"…","gap":false,"more":false}',
    hint: NO_EVENTS,
  })
}

const NO_EVENTS: Hint = [
  'The answer is not of the shape that a client of a poll can read.',
  'Look at what your handler returns: one object with events, cursor, gap and more.',
  'Both polls answer alike, so that a client can go from one to the other and keep its cursor.',
]
