/** What a check asks of an answer that never ends. Each throws `Wrong` with the bytes and the place of the first wrong one. */
import type { Event } from '../../server/protocol.ts'
import { readStream } from './event-stream.ts'
import type { StreamRead } from './event-stream.ts'
import type { Asked, Exchange, Pending } from './exchange.ts'
import { Late, Wrong } from './exercise.ts'
import type { Difference, Told } from './expect.ts'
import type { Trial } from './trial.ts'

/** Longer than any check: until then a stream stays open. */
const STREAM_MS = 60_000

export interface Stream extends Pending {
  /** What has come so far, as a browser would read it. */
  readonly read: StreamRead
  /** The same as lines of text, and where in them the body begins. */
  readonly shown: { readonly bytes: string; readonly bodyAt: number }
}

/** Asks for a stream. A program that answers at all has its head here by the time that something of it is wanted. */
export function openStream(trial: Trial, target: string, headers: Asked['headers'] = {}): Stream {
  const pending = trial.open(target, { headers, withinMs: STREAM_MS })
  // The getters have to stay: what has come so far grows.
  return Object.defineProperties(pending, {
    read: { get: () => readStream(pending.soFar.body) },
    shown: { get: () => shownStream(pending.soFar, headers) },
  }) as Stream
}

/**
 * Resolves as soon as `holds`; throws `Late` where it never does, and `Wrong` where the answer ends
 * before it. Statuses that no check can use are named for what they are.
 */
export async function waitFor(
  trial: Trial,
  stream: Stream,
  holds: () => boolean,
  told: Told,
  missing: () => string = () => 'more',
): Promise<void> {
  const came = await trial
    .until('the stream has brought it', async () => {
      // Behind what the program does in this turn; it also tells of one whose thread is not free.
      await trial.reads()
      return holds() || stream.exchange !== null
    })
    .catch(() => false)
  if (holds()) return
  if (stream.exchange) await trial.whole(stream)
  const { bytes } = stream.shown
  const { saw, hint, why } = plain(told, 'missing')
  const finding = { saw, bytes, at: bytes.length, hint, ...(why !== undefined && { why }) }
  if (came)
    throw new Wrong({ ...finding, saw: saw.replace(/:$/, ' this, and then the end of the answer:'), wanted: missing() })
  throw new Late({ ...finding, wanted: stream.soFar.status === 0 ? 'an answer' : missing() })
}

/** Resolves when what the program has written until now is here. */
export async function settled(trial: Trial): Promise<void> {
  for (let i = 0; i < 3; i++) await trial.reads()
}

/** Resolves when the program has taken the stream on: its head is here, or it has looked into the feed. */
export async function taken(trial: Trial, stream: Stream, before: { asked: number; followed: number }): Promise<void> {
  await trial.until('the program has taken the stream on', async () => {
    const { asked, followed } = await trial.reads()
    return stream.soFar.status > 0 || stream.exchange !== null || asked > before.asked || followed > before.followed
  })
  await settled(trial)
  if (stream.exchange) await trial.whole(stream)
}

/** Status 200 and the type that makes a browser read on. */
export async function expectEventStream(trial: Trial, stream: Stream, told: Told): Promise<void> {
  await waitFor(trial, stream, () => stream.soFar.status > 0, told)
  // An error that ends is named for what it is.
  if (stream.soFar.status >= 400) await trial.whole(stream)
  const { status, statusLine, headers } = stream.soFar
  const bytes = stream.shown.bytes.trimEnd()
  const type = headers['content-type']
  const line = bytes.indexOf('\ncontent-type: ')
  if (status !== 200)
    throw new Wrong({
      ...plain(told, 'other'),
      bytes,
      at: bytes.indexOf(statusLine) + 'HTTP/1.1 '.length,
      wanted: '200',
    })
  if (type !== undefined && /^text\/event-stream\s*(?:;|$)/i.test(type)) return
  throw new Wrong({
    ...plain(told, type === undefined ? 'missing' : 'other'),
    bytes,
    at: line < 0 ? bytes.indexOf(statusLine) + statusLine.length : line + '\ncontent-type: '.length,
    wanted: line < 0 ? 'and a header: content-type: text/event-stream' : 'text/event-stream',
  })
}

/** The data of the stream's events, one after the other, and nothing beyond them. */
export async function expectData(trial: Trial, stream: Stream, wanted: readonly string[], told: Told): Promise<void> {
  const found = () => stream.read.events.map(({ data }) => data)
  const isOther = () => found().some((data, i) => data !== wanted[i])
  await waitFor(trial, stream, () => found().length >= wanted.length || isOther(), told)
  await settled(trial)
  refuseOther(stream, found(), wanted, told, (i) => {
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

/** Messages of the feed, by the ids in their data: once each and in their order. */
export async function expectMessages(
  trial: Trial,
  stream: Stream,
  wanted: readonly Event[],
  told: Told,
): Promise<void> {
  const messages = () => stream.read.events.filter(({ type }) => type === 'message')
  const ids = () => messages().map(({ data }) => idIn(data))
  const wantedIds = wanted.map(({ id }) => id)
  const isOther = () => ids().some((id, i) => id !== wantedIds[i])
  await waitFor(
    trial,
    stream,
    () => ids().length >= wanted.length || isOther(),
    told,
    () => wantedIds.slice(ids().length).join(', then '),
  )
  await settled(trial)
  refuseOther(stream, ids(), wantedIds, told, (i) => {
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

/** `placeOf`: of the first wrong one in the body. */
function refuseOther(
  stream: Stream,
  found: readonly string[],
  wanted: readonly string[],
  told: Told,
  placeOf: (index: number) => { at: number; wanted: string },
): void {
  const longest = found.length > wanted.length ? found : wanted
  const first = longest.findIndex((_one, i) => found[i] !== wanted[i])
  if (first < 0) return
  const { bytes, bodyAt } = stream.shown
  const common = { ...plain(told, differenceOf(found, wanted)) }
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

/** Chosen for the hint. What came twice is worse than what did not come. */
function differenceOf(found: readonly string[], wanted: readonly string[]): Difference {
  if (new Set(found).size < found.length) return 'repeated'
  if (wanted.some((one) => !found.includes(one))) return 'missing'
  return found.length > wanted.length ? 'too many' : 'out of order'
}

function idIn(data: string): string {
  try {
    return String(JSON.parse(data).id)
  } catch {
    return data
  }
}

function shownStream(exchange: Exchange, asked: Asked['headers'] = {}): Stream['shown'] {
  const { requestLine, statusLine, headers, body } = exchange
  const lines = [requestLine, ...Object.entries(asked).map(([name, value]) => `${name}: ${value}`), '']
  if (statusLine) lines.push(statusLine)
  for (const name of ['content-type', 'content-length'])
    if (headers[name] !== undefined) lines.push(`${name}: ${headers[name]}`)
  const head = `${lines.join('\n')}\n${statusLine ? '\n' : ''}`
  return { bytes: head + body, bodyAt: head.length }
}

function plain({ saw, why, hint }: Told, seen: Difference) {
  return { saw, ...(why !== undefined && { why }), hint: typeof hint === 'function' ? hint(seen) : hint }
}
