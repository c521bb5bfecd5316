/** Explains the bodies of polls and the events of streams, line by line. */
import type { ServerTimeMs } from '../../server/protocol/feed.ts'
import { textOf } from './bytes.ts'
import { BREAK, line, ms } from './line.ts'
import type { InspectorLine } from './line.ts'
import type { ScannedEvent } from './scan.ts'
import type { SeenPart } from './see.ts'

/** Returns the lines of a JSON body, one line for each event. */
export function bodyLines({ part, carried, events }: SeenPart): readonly InspectorLine[] {
  if (carried.bytes.length === 0) return []
  const lines: InspectorLine[] = []
  let from = 0
  for (const event of events) {
    if (event.in !== carried) continue
    if (event.from > from) lines.push(line(textOf(carried, from, event.from), from === 0 ? FIRST[part.is] : ''))
    lines.push(line(textOf(carried, event.from, event.to), eventMeaning(event, part.at), 'meant'))
    from = event.to
  }
  const rest = textOf(carried, from)
  if (rest !== '') lines.push(line(rest, restMeaning(rest, part.up)))
  return lines
}

const FIRST: Readonly<Record<string, string>> = { body: 'the body is JSON, and its length is in the head' }

function restMeaning(rest: string, up: boolean): string {
  if (up) return 'the message that this page publishes'
  if (rest.includes('"cursor"')) return 'the cursor for the next request'
  return rest.includes('"remedy"') ? 'the problem and its remedy (RFC 9457)' : ''
}

/** Explains an event, and says how long the event waited on the server before the server sent it. */
export function eventMeaning({ atMs, type, own }: ScannedEvent, leftAt: ServerTimeMs): string {
  const what =
    type === 'tick'
      ? 'a tick'
      : type.includes('_')
        ? 'a change to a board'
        : own
          ? 'a message of this page'
          : 'somebody’s message'
  return atMs === null ? what : `${what}, which waited ${ms(Math.max(0, leftAt - atMs))} on the server`
}

/**
 * Returns the lines of a chunk (RFC 9112, section 7.1), with the fields of the event stream in this chunk (WHATWG HTML,
 * section 9.2.6).
 */
export function chunkLines(seen: SeenPart): readonly InspectorLine[] {
  const { part, carried } = seen
  if (part.is !== 'chunk') return []
  const size = part.size.trimEnd()
  const length = Number.parseInt(size, 16)
  const first = line(`${size}${BREAK}`, `the size of the chunk: ${size} in hexadecimal is ${plainBytes(length)}`)
  if (length === 0) return [first, line(BREAK, 'an empty chunk ends the response')]
  const text = textOf(carried)
  const lines = FIELD.test(text)
    ? fieldLines(seen, text)
    : OBJECT_LINES.test(text)
      ? objectLines(seen, text)
      : bodyLines(seen)
  return [first, ...lines, line(BREAK, 'the end of the chunk')]
}

/** Matches newline-delimited JSON. A poll's JSON does not match, because it does not end with a line break. */
const OBJECT_LINES = /^\{[^]*\n$/
const FIELD = /^(?:id|data|event|retry)?:/

function plainBytes(n: number): string {
  return n === 1 ? '1 byte' : `${n.toLocaleString('en')} bytes`
}

function objectLines({ part, events }: SeenPart, text: string): readonly InspectorLine[] {
  const remaining = [...events]
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((object) => {
      const [, type] = /^\{"type":"(\w+)"/.exec(object) ?? []
      if (type !== undefined)
        return line(`${object}${BREAK}`, MESSAGES[type] ?? 'a message about the stream, not an event')
      const event = remaining.shift()
      const meaning = event ? eventMeaning(event, part.at) : 'the event itself'
      return line(`${object}${BREAK}`, `${meaning}; the line break ends the event`, 'meant')
    })
}

const MESSAGES: Readonly<Record<string, string>> = {
  connected: 'the stream begins after this cursor',
  gap: 'the server no longer keeps the events before this cursor',
  presence: 'the people in the room',
  heartbeat: 'a sign of life, so that no proxy closes the quiet connection',
}

function fieldLines({ part, events }: SeenPart, text: string): readonly InspectorLine[] {
  const remaining = [...events]
  let hasData = false
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((one) => {
      const name = one.slice(0, Math.max(0, one.indexOf(':')))
      if (one === '') {
        const meaning = hasData
          ? 'a blank line ends the event, and the page receives it now'
          : 'a blank line without data before it: there is no event, but the browser keeps the new id and retry time'
        hasData = false
        return line(BREAK, meaning)
      }
      if (name !== 'data') return line(one, meaningOf(name, one), name === 'id' ? 'meant' : 'plain')
      hasData = true
      const event = remaining.shift()
      return line(one, event ? eventMeaning(event, part.at) : 'the event itself', 'meant')
    })
}

function meaningOf(name: string, text: string): string {
  switch (name) {
    case 'id':
      return 'the id that EventSource sends as Last-Event-ID after a cut'
    case 'retry':
      return `${text.slice('retry:'.length).trim()} ms is the time that EventSource waits before it reconnects. The server gives each client another time, so that they do not all reconnect at once.`
    case 'event':
      return 'the type of the event; without this line, the type is message'
    case '':
      return 'a comment, which the page never sees; it keeps proxies from closing the quiet connection'
    default:
      return 'a field that EventSource does not know and ignores'
  }
}
