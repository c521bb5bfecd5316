/** One sentence about a mark, for the status line: when each part of it was where, and how many bytes. */
import { LABELS } from '../../state/labels.ts'
import type { Lane } from '../../state/lane.ts'
import { sentOf } from '../../state/mark.ts'
import type { Arrival, Beat, Crossed, Exchange, Mark, Stream } from '../../state/mark.ts'
import { LANES } from '../../state/order.ts'
import { bytes, milliseconds, plural } from '../format.ts'
import { startOf } from './pick.ts'

export function tell(lane: Lane, mark: Mark, nowMs: number): string {
  const when = `${((startOf(mark) - nowMs) / 1000).toFixed(1).replace('-', '−')} s`
  return `${nameOf(lane, mark)}, ${when}: ${SENTENCES[mark.kind](lane, mark as never)}`
}

function nameOf({ name, transport }: Pick<Lane, 'name' | 'transport'>, mark: Mark): string {
  if (mark.kind === 'exchange') return transport === 'short-poll' ? 'Poll' : 'Long poll'
  if (mark.kind === 'arrival') return `${transport === 'ws' ? 'Frame' : 'Event'} ${mark.messages[0]?.seq ?? ''}`
  if (mark.kind === 'beat') return BEATS[mark.is]
  return LABELS[name]
}

const BEATS: Readonly<Record<Beat['is'], string>> = {
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
  cut: () => 'cut here; it came back from its own cursor',
  gap: (_, { first, last }) => `the server no longer keeps ${first}–${last}`,
}

const PURPOSES: Readonly<Record<Beat['is'], string>> = {
  heartbeat: 'so that nothing in between hangs up',
  ping: 'is the other end still there?',
  pong: 'it is',
  control: 'about the connection, no message in it',
  close: 'the connection ends properly',
}

function exchangeSentence({ transport }: Lane, mark: Exchange): string {
  const { askedAtMs, sentAtMs, endedAtMs, carried, failed, crossed } = mark
  const queued = sentAtMs === undefined ? '' : `queued in the browser for ${milliseconds(sentAtMs - askedAtMs)} ms, `
  if (endedAtMs === null) {
    if (transport === 'short-poll') return `${queued}not answered yet`
    return crossed ? `${queued}${up(mark, crossed)}, held since then` : `${queued}held since then`
  }
  const tookMs = milliseconds(endedAtMs - askedAtMs)
  if (failed === 'let go') return 'ended by this page'
  if (failed) return `${failed} after ${tookMs} ms${crossed?.status ? ` (${crossed.status})` : ''}`
  const brought = carried === 0 ? 'nothing in it' : plural(carried, 'message')
  if (!crossed || mark.reachedAtMs === undefined || mark.leftAtMs === undefined)
    return `${queued}${transport === 'long-poll' ? 'held ' : ''}${tookMs} ms, ${brought}`
  return [
    `${queued}${up(mark, crossed)}`,
    `${transport === 'long-poll' ? 'held' : 'there'} ${milliseconds(mark.leftAtMs - mark.reachedAtMs)}`,
    `${crossed.status === null ? '' : `${crossed.status} `}${bytes(crossed.bytesDown)} down ${milliseconds(endedAtMs - mark.leftAtMs)}${heldText(mark.heldDown)}`,
    brought,
    connectionText(crossed),
  ]
    .filter(Boolean)
    .join(', ')
}

function streamSentence({ transport }: Lane, mark: Stream): string {
  const { openedAtMs, askedAtMs, failed, crossed } = mark
  if (openedAtMs === null) return failed ? 'refused' : 'connecting'
  const opened = `open after ${milliseconds(openedAtMs - askedAtMs)} ms${transport === 'ws' ? ', both ways' : ''}`
  return crossed
    ? `${opened}, ${bytes(crossed.bytesUp)} up and ${bytes(crossed.bytesDown)} down so far${crossed.connection === null ? '' : `, ${connectionText(crossed)}`}`
    : opened
}

function arrivalSentence({ name }: Lane, { messages: [message], atMs, leftAtMs, bytes: size, held }: Arrival): string {
  const delayMs = message?.delayMs[LANES.indexOf(name)]
  const late = `${milliseconds(delayMs)} ms after it was published`
  if (leftAtMs === undefined) return late
  const travelMs = atMs - leftAtMs
  const waited = delayMs === undefined ? '' : `: waited ${milliseconds(delayMs - travelMs)}, `
  return `${late}${waited}${size === undefined ? '' : `${bytes(size)} `}down in ${milliseconds(travelMs)}${heldText(held)}`
}

function up(mark: Exchange, { bytesUp }: Crossed): string {
  const tookMs = mark.reachedAtMs === undefined ? undefined : mark.reachedAtMs - sentOf(mark)
  return `${bytes(bytesUp)} up ${milliseconds(tookMs)} ms`
}

function heldText(held: Arrival['held']): string {
  if (held === undefined) return ''
  return { buffered: ' (held on the way)', lost: ' (lost, sent again)', behind: ' (behind what was held)' }[held]
}

function connectionText({ connection, isReused }: Crossed): string {
  if (connection === null) return ''
  return isReused ? 'reused' : `connection ${connection}`
}
