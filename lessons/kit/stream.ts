/** Expectations about an event stream. Each throws `Wrong` with the bytes and the position of the first wrong one. */
import type { Event } from '../../server/protocol/feed.ts'
import { readStream } from './event-stream.ts'
import type { StreamRead } from './event-stream.ts'
import type { RequestOptions, Exchange, PendingExchange } from './exchange.ts'
import { Late, Wrong, textFor } from './finding.ts'
import type { FindingText } from './finding.ts'
import { differenceOf } from './expect.ts'
import type { Difference } from './expect.ts'
import { fieldOf, parsed } from './json.ts'
import type { Trial } from './trial.ts'

/** Time limit of a stream; longer than any check. */
const STREAM_MS = 60_000

export interface Stream extends PendingExchange {
  /** The stream so far, parsed as by a browser. */
  readonly read: StreamRead
  /** The stream so far as lines of text. `bodyAt`: position at which the body begins. */
  readonly shown: { readonly bytes: string; readonly bodyAt: number }
}

/** Requests a stream, and returns it before anything has arrived. */
export function openStream(trial: Trial, target: string, headers: RequestOptions['headers'] = {}): Stream {
  const pending = trial.open(target, { headers, withinMs: STREAM_MS })
  // Defined as getters, because their values grow.
  return Object.defineProperties(pending, {
    read: { get: () => readStream(pending.soFar.body) },
    shown: { get: () => shownStream(pending.soFar, headers) },
  }) as Stream
}

/**
 * Resolves as soon as `holds` returns true; throws `Late` if it never does, and `Wrong` if the response ends first or
 * has a status that no check can use.
 */
export async function waitFor(
  trial: Trial,
  stream: Stream,
  holds: () => boolean,
  text: FindingText<Difference>,
  missing: () => string = () => 'more',
): Promise<void> {
  const came = await trial
    .until('the stream contains it', async () => {
      // Waits for the program's current turn, and rejects if its thread is blocked.
      await trial.reads()
      return holds() || stream.exchange !== null
    })
    .catch(() => false)
  if (holds()) return
  if (stream.exchange) await trial.whole(stream)
  const { bytes } = stream.shown
  const { saw, hint, why } = textFor(text, 'missing')
  const finding = { saw, bytes, at: bytes.length, hint, ...(why !== undefined && { why }) }
  if (came)
    throw new Wrong({ ...finding, saw: saw.replace(/:$/, ' this, and then ended the response:'), wanted: missing() })
  throw new Late({ ...finding, wanted: stream.soFar.status === 0 ? 'a response' : missing() })
}

/** Resolves when everything that the program has written so far has arrived. */
export async function settled(trial: Trial): Promise<void> {
  for (let i = 0; i < 3; i++) await trial.reads()
}

/** Resolves when the program serves the stream: its head has arrived, or the program has used the feed. */
export async function taken(trial: Trial, stream: Stream, before: { asked: number; followed: number }): Promise<void> {
  await trial.until('the program serves the stream', async () => {
    const { asked, followed } = await trial.reads()
    return stream.soFar.status > 0 || stream.exchange !== null || asked > before.asked || followed > before.followed
  })
  await settled(trial)
  if (stream.exchange) await trial.whole(stream)
}

/** How the head of a response differs from that of an event stream. `parameters`: the type is right, and what follows it is not. */
export type HeadFault = 'missing' | 'another status' | 'another type' | 'parameters'

/** Expects status 200 and the content type of an event stream. */
export async function expectEventStream(trial: Trial, stream: Stream, text: FindingText<HeadFault>): Promise<void> {
  await waitFor(trial, stream, () => stream.soFar.status > 0, textFor(text, 'missing'))
  // An error status is reported by `whole`.
  if (stream.soFar.status >= 400) await trial.whole(stream)
  const { status, statusLine, headers } = stream.soFar
  const bytes = stream.shown.bytes.trimEnd()
  const type = headers['content-type']
  const line = bytes.indexOf('\ncontent-type: ')
  if (status !== 200)
    throw new Wrong({
      ...textFor(text, 'another status'),
      bytes,
      at: bytes.indexOf(statusLine) + 'HTTP/1.1 '.length,
      wanted: '200',
    })
  if (type !== undefined && /^text\/event-stream\s*(?:;|$)/i.test(type)) return
  const isOtherType = !type?.toLowerCase().startsWith('text/event-stream')
  throw new Wrong({
    ...textFor(text, type === undefined ? 'missing' : isOtherType ? 'another type' : 'parameters'),
    bytes,
    at: line < 0 ? bytes.indexOf(statusLine) + statusLine.length : line + '\ncontent-type: '.length,
    wanted: line < 0 ? 'and a header: content-type: text/event-stream' : 'text/event-stream',
  })
}

/** Expects events with exactly this data, in this order. */
export async function expectData(
  trial: Trial,
  stream: Stream,
  wanted: readonly string[],
  text: FindingText<Difference>,
): Promise<void> {
  const found = () => stream.read.events.map(({ data }) => data)
  const isOther = () => found().some((data, i) => data !== wanted[i])
  await waitFor(trial, stream, () => found().length >= wanted.length || isOther(), text)
  await settled(trial)
  refuseOther(stream, found(), wanted, text, (i) => {
    const { data, dataAt } = stream.read.events[i] ?? NOTHING
    const text = wanted[i] ?? ''
    const same = lengthOfSame(data, text)
    const before = data.slice(0, same).split('\n')
    return {
      at: (dataAt[before.length - 1] ?? 0) + (before.at(-1) ?? '').length,
      wanted: JSON.stringify(text.slice(same)),
    }
  })
}

/** Expects exactly these messages of the feed, compared by the ids in their data, in this order. */
export async function expectMessages(
  trial: Trial,
  stream: Stream,
  wanted: readonly Event[],
  text: FindingText<Difference>,
): Promise<void> {
  const messages = () => stream.read.events.filter(({ type }) => type === 'message')
  const ids = () => messages().map(({ data }) => String(fieldOf(parsed(data), 'id') ?? data))
  const wantedIds = wanted.map(({ id }) => id)
  const isOther = () => ids().some((id, i) => id !== wantedIds[i])
  await waitFor(
    trial,
    stream,
    () => ids().length >= wanted.length || isOther(),
    text,
    () => wantedIds.slice(ids().length).join(', then '),
  )
  await settled(trial)
  refuseOther(stream, ids(), wantedIds, text, (i) => {
    const at = messages()[i]?.dataAt[0] ?? 0
    return { at: Math.max(at, stream.soFar.body.indexOf(ids()[i] ?? '', at)), wanted: wantedIds[i] ?? 'nothing more' }
  })
}

const NOTHING = { data: '', dataAt: [] }

function lengthOfSame(one: string, other: string): number {
  let length = 0
  while (length < one.length && one[length] === other[length]) length += 1
  return length
}

/** Throws `Wrong` if the lists differ. `placeOf`: position of an entry in the body. */
function refuseOther(
  stream: Stream,
  found: readonly string[],
  wanted: readonly string[],
  text: FindingText<Difference>,
  placeOf: (index: number) => { at: number; wanted: string },
): void {
  const longest = found.length > wanted.length ? found : wanted
  const first = longest.findIndex((_one, i) => found[i] !== wanted[i])
  if (first < 0) return
  const { bytes, bodyAt } = stream.shown
  const common = { ...textFor(text, differenceOf(found, wanted)) }
  if (first >= found.length) throw new Wrong({ ...common, bytes, at: bytes.length, wanted: wanted[first] ?? '' })
  const place = placeOf(first)
  const isMore = first >= wanted.length
  throw new Wrong({
    ...common,
    bytes: bytes.trimEnd(),
    at: bodyAt + place.at,
    wanted: isMore ? 'nothing more' : place.wanted,
  })
}

function shownStream(exchange: Exchange, asked: RequestOptions['headers'] = {}): Stream['shown'] {
  const { requestLine, statusLine, headers, body } = exchange
  const lines = [requestLine, ...Object.entries(asked).map(([name, value]) => `${name}: ${value}`), '']
  if (statusLine) lines.push(statusLine)
  for (const name of ['content-type', 'content-length'])
    if (headers[name] !== undefined) lines.push(`${name}: ${headers[name]}`)
  const head = `${lines.join('\n')}\n${statusLine ? '\n' : ''}`
  return { bytes: head + body, bodyAt: head.length }
}
