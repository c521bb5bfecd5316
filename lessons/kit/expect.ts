/** Expectations about a response. Each throws `Wrong` with the bytes and the position of the first wrong one. */
import type { Event } from '../../server/protocol/feed.ts'
import { Wrong, textFor } from './finding.ts'
import type { FindingText } from './finding.ts'
import type { Exchange } from './exchange.ts'
import { NO_EVENTS, REFUSED } from './hints.ts'

/** How a list of events differs from the wanted list. */
export type Difference = 'missing' | 'repeated' | 'out of order' | 'too many' | 'other'

/** Returns the exchange as lines of text: request line, status, the named headers, body. */
export function shown(exchange: Exchange, headers: readonly string[] = []): string {
  const named = headers.filter((name) => name in exchange.headers).map((name) => `${name}: ${exchange.headers[name]}`)
  const head = [exchange.requestLine, '', ...(exchange.statusLine ? [exchange.statusLine, ...named] : [])]
  return `${head.join('\n')}\n${exchange.body}`.trimEnd()
}

export function expectStatus(exchange: Exchange, wanted: number, text: FindingText<Difference>): void {
  if (exchange.status === wanted) return
  const bytes = shown(exchange)
  throw new Wrong({
    ...textFor(text, 'other'),
    bytes,
    at: bytes.indexOf(exchange.statusLine) + 'HTTP/1.1 '.length,
    wanted: String(wanted),
  })
}

/** Like `expectStatus`, for a poll without a fault: if the program refuses it, the hint says that, whatever the check tests. */
export function expectPollStatus(exchange: Exchange, wanted: 200 | 204, text: FindingText<Difference>): void {
  const isRefused = exchange.status >= 400 && exchange.status < 500
  expectStatus(exchange, wanted, isRefused ? { ...text, hint: REFUSED } : text)
}

/** Expects these events in the response of a poll, compared by their ids, in this order. */
export function expectEvents(exchange: Exchange, wanted: readonly Event[], text: FindingText<Difference>): void {
  const found = eventsOf(exchange)
  const ids = found.map(({ id }) => String(id))
  const wantedIds = wanted.map(({ id }) => id)
  const first = firstDifference(ids, wantedIds)
  if (first === null) return
  const bytes = shown(exchange)
  throw new Wrong({
    ...textFor(text, differenceOf(ids, wantedIds)),
    bytes,
    at: placeOfId(bytes, ids, first),
    wanted:
      wantedIds.slice(first, first + 3).join(', then ') + (wantedIds.length > first + 3 ? ' …' : '') || 'nothing more',
  })
}

/** Expects a field in the JSON of the body. */
export function expectField(
  exchange: Exchange,
  name: string,
  wanted: string | number | boolean,
  text: FindingText<Difference>,
): void {
  const value = objectOf(exchange)[name]
  if (value === wanted) return
  const bytes = shown(exchange)
  // The last one, because an event may have a field of the same name.
  const key = bytes.lastIndexOf(`"${name}":`)
  throw new Wrong({
    ...textFor(text, value === undefined ? 'missing' : 'other'),
    bytes,
    at: key < 0 ? bytes.length : key + name.length + 3,
    wanted: key < 0 ? `"${name}":${JSON.stringify(wanted)}` : JSON.stringify(wanted),
  })
}

export function expectHeader(
  exchange: Exchange,
  name: string,
  wanted: string | RegExp,
  text: FindingText<Difference>,
): void {
  const value = exchange.headers[name]
  if (value !== undefined && (typeof wanted === 'string' ? value === wanted : wanted.test(value))) return
  const bytes = shown(exchange, [name])
  const line = bytes.indexOf(`\n${name}: `)
  throw new Wrong({
    ...textFor(text, value === undefined ? 'missing' : 'other'),
    bytes,
    at: line < 0 ? bytes.indexOf(exchange.statusLine) + exchange.statusLine.length : line + name.length + 3,
    wanted: line < 0 ? `and a header: ${name}: ${wanted}` : String(wanted),
  })
}

/** Returns how two lists differ, for choosing a hint. A repeated entry counts before a missing one. */
export function differenceOf(found: readonly string[], wanted: readonly string[]): Difference {
  if (new Set(found).size < found.length) return 'repeated'
  if (wanted.some((one) => !found.includes(one))) return 'missing'
  return found.length > wanted.length ? 'too many' : 'out of order'
}

function firstDifference(found: readonly string[], wanted: readonly string[]): number | null {
  const length = Math.max(found.length, wanted.length)
  for (let i = 0; i < length; i++) if (found[i] !== wanted[i]) return i
  return null
}

/** Returns the position of the event's id in the text, or of the end of the list if the list is too short. */
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
    saw: 'The response contains no list of events:',
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
    saw: exchange.body === '' ? 'The response has no body:' : 'The body of the response is not a JSON object:',
    bytes,
    at: exchange.body === '' ? bytes.length : bytes.lastIndexOf(exchange.body),
    wanted: '{"events":[…],"cursor":"…","gap":false,"more":false}',
    hint: NO_EVENTS,
  })
}
