/**
 * Writes the visible part of the ladder as text for a handout. For each lane, the text lists the messages in both
 * directions, in time order.
 */
import type { TransportName } from '../../server/protocol/feed.ts'
import { LABELS } from '../lane/order.ts'
import { sentOf } from '../lane/mark.ts'
import type { ArrivalMark, BeatMark, ExchangeMark, StreamMark } from '../lane/mark.ts'
import type { Message } from '../lane/messages.ts'
import { milliseconds } from '../page/format.ts'
import { arrivalLeftAtMs, browserAtMs, headLeftAtMs, isPolling, leftAtMs, reachedAtMs } from '../ladder/geometry.ts'
import type { Trace } from '../ladder/geometry.ts'
import { transports } from '../transports/index.ts'

export interface Handout {
  readonly room: string
  /** Last known offset of the server's clock: serverTime = pageTime + offsetMs; null before the first offset. */
  readonly offsetMs: number | null
  /** Greatest error of the offset; null while the page does not know the server's clock. */
  readonly boundMs: number | null
  /** Describes the network; empty if the network has no conditions. */
  readonly network: string
  readonly fromMs: number
  readonly endMs: number
  readonly messages: readonly Message[]
  readonly lanes: readonly { readonly trace: Trace; readonly index: number; readonly about: string }[]
}

interface Row {
  readonly atMs: number
  readonly up: boolean
  readonly what: string
  readonly bytes?: number | undefined
  readonly thereMs: number | null
  /** True if nobody measured the travel time, so the text assumes half a round trip. */
  readonly isAssumed: boolean
  readonly note?: string | undefined
}

const WIDTH = 100
const WHAT = 28

export function toHandout(handout: Handout): string {
  const { room, offsetMs, boundMs, network, fromMs, endMs } = handout
  const clock = boundMs === null ? 'no clock is known' : `clocks agree within ±${boundMs.toFixed(1)} ms`
  return [
    `Fourwire · room ${room} · ${stamp(fromMs, offsetMs)} · ${seconds(endMs - fromMs)} · ${clock}`,
    `Network: ${network || 'no conditions'}`,
    '',
    ...published(handout),
    ...handout.lanes.flatMap((lane) => laneLines(handout, lane)),
    'Times are in ms from the beginning: "at" when the bytes left, "there" when all of them had arrived.',
    '~ marks a time that was not measured: half a round trip is assumed for each direction.',
    'Bytes are TCP payload, with heads and framing. "late" is the delay from publication to arrival.',
    '"held": in a proxy’s buffer. "resent": by TCP, after a loss. "behind": waited for one of these.',
    '',
  ]
    .map((line) => line.trimEnd().slice(0, WIDTH))
    .join('\n')
}

function published({ messages, offsetMs, fromMs, endMs }: Handout): string[] {
  const shown = messages
    .map(({ event, seq }) => ({ event, seq, atMs: event.at - (offsetMs ?? Number.NaN) }))
    .filter(({ atMs }) => atMs >= fromMs && atMs <= endMs)
  if (shown.length === 0) return ['Published: nothing.', '']
  return [
    'Published',
    ...shown.map(({ event, seq, atMs }) => {
      const said = event.type === 'message' ? `${plain(event.user)}: ${plain(event.text)}` : event.type
      return `${time(atMs - fromMs)}  ${String(seq).padStart(6)}  ${said}`
    }),
    '',
  ]
}

function laneLines({ room, fromMs, endMs }: Handout, { trace, index, about }: Handout['lanes'][number]): string[] {
  const rows = rowsOf(trace, index)
    .filter((row) => row.atMs <= endMs && (row.thereMs ?? endMs) >= fromMs)
    .toSorted((a, b) => a.atMs - b.atMs)
  return [
    `${LABELS[trace.transport]}: ${about} · GET /feed/${room}/${transports[trace.transport].path}?after=CURSOR`,
    rows.length === 0
      ? '  no bytes crossed the wire'
      : `       at  ${'direction'.padEnd(18)}  ${'what'.padEnd(WHAT)}     bytes     there`,
    ...rows.map((row) => rowLine(row, fromMs)),
    '',
  ]
}

function rowLine({ atMs, up, what, bytes, thereMs, isAssumed, note }: Row, fromMs: number): string {
  const arrow = up ? 'browser ──▶ server' : 'browser ◀── server'
  const there = thereMs === null ? '–' : time(thereMs - fromMs).trim()
  const size = bytes === undefined ? '' : `${bytes} B`
  const ends = `${size.padStart(10)}${`${isAssumed && thereMs !== null ? '~' : ''}${there}`.padStart(10)}`
  return `${time(atMs - fromMs)}  ${arrow}  ${what.slice(0, WHAT).padEnd(WHAT)}${ends}${note ? `  ${note}` : ''}`
}

function rowsOf(trace: Trace, index: number): Row[] {
  const { exchanges, streams, arrivals, sent, beats, cuts, gaps, halfTripMs, transport } = trace
  const rows: Row[] = []
  for (const mark of exchanges) rows.push(...exchangeRows(trace, mark, index))
  for (const mark of streams) rows.push(...streamRows(trace, mark))
  if (!isPolling(transport)) for (const mark of arrivals) rows.push(eventRow(trace, mark, index))
  for (const { atMs, reachedAtMs: reachedMs, bytes } of sent)
    rows.push({
      atMs,
      up: true,
      what: transports[transport].kind === 'socket' ? 'message of this page' : 'POST, message of this page',
      bytes,
      thereMs: reachedMs ?? atMs + halfTripMs,
      isAssumed: reachedMs === undefined,
    })
  for (const beat of beats) rows.push(beatRow(trace, beat))
  for (const { atMs } of cuts)
    rows.push({ atMs, up: false, what: '×× the connection was cut', thereMs: null, isAssumed: false })
  for (const { atMs, first, last } of gaps)
    rows.push({ atMs, up: false, what: `gap: ${first}–${last} no longer kept`, thereMs: null, isAssumed: false })
  return rows
}

function exchangeRows(trace: Trace, mark: ExchangeMark, index: number): Row[] {
  const { crossed, endedAtMs, failed, carried, sentAtMs, askedAtMs, heldDown } = mark
  const reachedMs = reachedAtMs(trace, mark)
  const ask: Row = {
    atMs: sentOf(mark),
    up: true,
    what: requestLine(trace.transport),
    bytes: crossed?.bytesUp,
    thereMs: failed && mark.reachedAtMs === undefined ? null : reachedMs,
    isAssumed: mark.reachedAtMs === undefined,
    note: sentAtMs === undefined ? undefined : `queued ${milliseconds(sentAtMs - askedAtMs)}`,
  }
  if (endedAtMs === null) return [ask]
  if (failed && !crossed?.status)
    return [ask, { atMs: endedAtMs, up: false, what: `× ${failed}`, thereMs: null, isAssumed: false }]
  const brought = carried > 0 ? trace.arrivals.find(({ atMs }) => atMs === endedAtMs) : undefined
  return [
    ask,
    {
      atMs: leftAtMs(trace, mark, endedAtMs),
      up: false,
      what: `${crossed?.status ?? 'response'} ${brought ? seqs(brought) : 'no message'}`,
      bytes: crossed?.bytesDown,
      thereMs: endedAtMs,
      isAssumed: mark.leftAtMs === undefined,
      note: [brought && late(brought, index), heldDown && HELD[heldDown]].filter(Boolean).join(', '),
    },
  ]
}

function streamRows(trace: Trace, mark: StreamMark): Row[] {
  const { crossed, openedAtMs, endedAtMs, failed } = mark
  const rows: Row[] = [
    {
      atMs: mark.askedAtMs,
      up: true,
      what: requestLine(trace.transport),
      thereMs: failed && mark.reachedAtMs === undefined ? null : reachedAtMs(trace, mark),
      isAssumed: mark.reachedAtMs === undefined,
    },
  ]
  if (openedAtMs !== null)
    rows.push({
      atMs: headLeftAtMs(trace, mark, openedAtMs),
      up: false,
      what: `${crossed?.status ?? ''} open, stays open`.trim(),
      thereMs: openedAtMs,
      isAssumed: mark.leftAtMs === undefined,
    })
  // A cut gets a row of its own, so the exchange needs no row for its end.
  if (endedAtMs !== null && failed !== 'cut')
    rows.push({ atMs: endedAtMs, up: false, what: `× ${failed ?? 'ended'}`, thereMs: null, isAssumed: false })
  return rows
}

function eventRow(trace: Trace, mark: ArrivalMark, index: number): Row {
  return {
    atMs: arrivalLeftAtMs(trace, mark),
    up: false,
    what: `${transports[trace.transport].carrier.toLowerCase()}: ${seqs(mark)}`,
    bytes: mark.bytes,
    thereMs: mark.atMs,
    isAssumed: mark.leftAtMs === undefined,
    note: [late(mark, index), mark.held && HELD[mark.held]].filter(Boolean).join(', '),
  }
}

function beatRow(trace: Trace, beat: BeatMark): Row {
  const browserMs = browserAtMs(trace, beat)
  return {
    atMs: beat.up ? browserMs : beat.atMs,
    up: beat.up,
    what: beat.is === 'control' ? 'control message' : beat.is,
    bytes: beat.bytes,
    thereMs: beat.up ? beat.atMs : browserMs,
    isAssumed: true,
  }
}

const HELD: Readonly<Record<NonNullable<ArrivalMark['held']>, string>> = {
  buffered: 'held',
  lost: 'resent',
  behind: 'behind',
}

function requestLine(transport: TransportName): string {
  return `GET …/${transports[transport].path}?after=…`
}

function seqs({ messages }: ArrivalMark): string {
  const [first, last] = [messages[0]?.seq, messages.at(-1)?.seq]
  return first === last ? `message ${first}` : `messages ${first}–${last}`
}

/** Returns the delay of the arrival's oldest message. */
function late({ messages: [oldest] }: ArrivalMark, index: number): string {
  const delayMs = oldest?.delayMs[index]
  return delayMs === undefined ? '' : `late ${milliseconds(delayMs)}`
}

function time(ms: number): string {
  return ms.toFixed(1).replace('-', '−').padStart(9)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function stamp(pageMs: number, offsetMs: number | null): string {
  return `${new Date(pageMs + (offsetMs ?? 0)).toISOString().replace('T', ' ').slice(0, 23)} UTC`
}

/** Removes characters that would move a terminal's cursor or change the direction of the text. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '')
}
