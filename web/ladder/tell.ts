/** Describes a mark in one sentence for the status line. The sentence gives the mark's times and bytes. */
import type { Lane } from '../lane/lane.ts'
import { sentOf } from '../lane/mark.ts'
import type { ArrivalMark, BeatMark, Crossed, ExchangeMark, Mark, StreamMark } from '../lane/mark.ts'
import { LABELS, LANES } from '../lane/order.ts'
import { bytes, milliseconds, plural } from '../page/format.ts'
import { transports } from '../transports/index.ts'
import { startOf } from './pick.ts'

export function tell(lane: Lane, mark: Mark, nowMs: number): string {
  const when = `${((startOf(mark) - nowMs) / 1000).toFixed(1).replace('-', '−')} s`
  return `${nameOf(lane, mark)}, ${when}: ${SENTENCES[mark.kind](lane, mark as never)}`
}

function nameOf({ name, transport }: Pick<Lane, 'name' | 'transport'>, mark: Mark): string {
  if (mark.kind === 'exchange') return transports[transport].carrier
  if (mark.kind === 'arrival') return `${carrierOf(transport)} ${mark.messages[0]?.seq ?? ''}`
  if (mark.kind === 'beat') return BEATS[mark.is]
  return LABELS[name]
}

/**
 * Returns the name of the unit that carries a message. For a poll the unit is the event, because one response can hold
 * several.
 */
function carrierOf(transport: Lane['transport']): string {
  const { kind, carrier } = transports[transport]
  return kind === 'poll' ? 'Event' : carrier
}

const BEATS: Readonly<Record<BeatMark['is'], string>> = {
  heartbeat: 'Heartbeat',
  ping: 'Ping',
  pong: 'Pong',
  control: 'Control message',
  close: 'Close',
}

const SENTENCES: { readonly [K in Mark['kind']]: (lane: Lane, mark: Extract<Mark, { kind: K }>) => string } = {
  exchange: exchangeSentence,
  stream: streamSentence,
  arrival: arrivalSentence,
  sent: (_, { atMs, reachedAtMs, bytes: size }) =>
    reachedAtMs === undefined
      ? 'sent by this page'
      : `sent by this page, ${bytes(size)} up in ${milliseconds(reachedAtMs - atMs)} ms`,
  beat: (_, { is, up, bytes: size }) => `${bytes(size)} ${up ? 'up' : 'down'}, ${PURPOSES[is]}`,
  cut: ({ marks }, { atMs }) =>
    `the connection was cut; the lane ${isBack(marks, atMs) ? 'resumed from its own cursor' : 'has not resumed yet'}`,
  gap: (_, { first, last }) => `the server no longer keeps the events ${first}–${last}`,
}

const PURPOSES: Readonly<Record<BeatMark['is'], string>> = {
  heartbeat: 'keeps proxies from closing the quiet connection',
  ping: 'asks whether the other end is still there',
  pong: 'answers a ping',
  control: 'about the connection, without a message',
  close: 'ends the connection politely',
}

function exchangeSentence({ transport }: Lane, mark: ExchangeMark): string {
  const { askedAtMs, sentAtMs, endedAtMs, carried, failed, crossed } = mark
  const queued = sentAtMs === undefined ? '' : `queued in the browser for ${milliseconds(sentAtMs - askedAtMs)} ms, `
  if (endedAtMs === null) {
    if (!transports[transport].canPush) return `${queued}no response yet`
    return crossed ? `${queued}${up(mark, crossed)}, held since then` : `${queued}held since then`
  }
  const tookMs = milliseconds(endedAtMs - askedAtMs)
  if (failed === 'let go') return 'ended by this page'
  if (failed) return `${failed} after ${tookMs} ms${statusText(crossed)}`
  const brought = carried === 0 ? 'no message' : plural(carried, 'message')
  if (!crossed || mark.reachedAtMs === undefined || mark.leftAtMs === undefined)
    return `${queued}${transports[transport].canPush ? 'held for ' : ''}${tookMs} ms, ${brought}`
  return [
    `${queued}${up(mark, crossed)}`,
    `${transports[transport].canPush ? 'held for' : 'on the server for'} ${milliseconds(mark.leftAtMs - mark.reachedAtMs)} ms`,
    `${crossed.status === null ? '' : `${crossed.status} `}${bytes(crossed.bytesDown)} down in ${milliseconds(endedAtMs - mark.leftAtMs)} ms${heldText(mark.heldDown)}`,
    brought,
    connectionText(crossed),
  ]
    .filter(Boolean)
    .join(', ')
}

function streamSentence({ transport }: Lane, mark: StreamMark): string {
  const { openedAtMs, askedAtMs, failed, crossed } = mark
  if (openedAtMs === null && failed === 'let go') return 'ended by this page before it was open'
  if (openedAtMs === null) return failed ? `refused, or there was no server${statusText(crossed)}` : 'connecting'
  const opened = `open after ${milliseconds(openedAtMs - askedAtMs)} ms${transports[transport].kind === 'socket' ? ', in both directions' : ''}`
  return crossed
    ? `${opened}, ${bytes(crossed.bytesUp)} up and ${bytes(crossed.bytesDown)} down ${mark.endedAtMs === null ? 'so far' : 'until its end'}${crossed.connection === null ? '' : `, ${connectionText(crossed)}`}`
    : opened
}

function arrivalSentence(
  { name }: Lane,
  { messages: [message], atMs, leftAtMs, bytes: size, held }: ArrivalMark,
): string {
  const delayMs = message?.delayMs[LANES.indexOf(name)]
  const late = delayMs === undefined ? NO_CLOCK : `${milliseconds(delayMs)} ms after it was published`
  if (leftAtMs === undefined) return late
  const travelMs = atMs - leftAtMs
  const waited = delayMs === undefined ? '' : `: waited ${milliseconds(delayMs - travelMs)} ms, `
  return `${late}${waited}${size === undefined ? '' : `${bytes(size)} `}down in ${milliseconds(travelMs)} ms${heldText(held)}`
}

const NO_CLOCK = 'the delay is not known without a clock'

function statusText(crossed: Crossed | undefined): string {
  return crossed?.status ? ` (${crossed.status})` : ''
}

/** Reports whether the lane is back after a cut: a later request or stream has brought something, or is open. */
function isBack({ exchanges, streams, arrivals }: Lane['marks'], cutAtMs: number): boolean {
  return (
    arrivals.some(({ atMs }) => atMs > cutAtMs) ||
    streams.some((one) => one.askedAtMs > cutAtMs && one.openedAtMs !== null) ||
    exchanges.some((one) => one.askedAtMs > cutAtMs && one.endedAtMs !== null && !one.failed)
  )
}

function up(mark: ExchangeMark, { bytesUp }: Crossed): string {
  const tookMs = mark.reachedAtMs === undefined ? undefined : mark.reachedAtMs - sentOf(mark)
  return `${bytes(bytesUp)} up in ${milliseconds(tookMs)} ms`
}

function heldText(held: ArrivalMark['held']): string {
  if (held === undefined) return ''
  return { buffered: ' (held by a proxy)', lost: ' (lost, sent again)', behind: ' (waited behind a late one)' }[held]
}

function connectionText({ connection, isReused }: Crossed): string {
  if (connection === null) return ''
  return isReused ? 'reused connection' : `connection ${connection}`
}
