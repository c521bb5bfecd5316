/** Helpers for the checks: clients of the processes, messages that are published, and what the clients received. */
import type { Event } from '../../server/protocol/feed.ts'
import { readStream } from '../kit/event-stream.ts'
import { ask } from '../kit/exchange.ts'
import type { PendingExchange } from '../kit/exchange.ts'
import { expectStatus } from '../kit/expect.ts'
import { Late, Wrong } from '../kit/finding.ts'
import { fieldOf, parsed } from '../kit/json.ts'
import type { Beginning } from '../kit/program.ts'
import type { Trial } from '../kit/trial.ts'
import { DEAF, STREAM } from './hints.ts'

const STREAM_MS = 60_000
/** Time limit for a message from one process through Redis to the other. */
export const ROUND_MS = 4000
/** Time limit for a mark; if it has not arrived by then, nobody received it, and another one is sent. */
const MARK_MS = 300
/** After this time a blocking read has reached Redis; a program that uses pub/sub sends none. */
export const READ_MS = 500

export type Place = 'A' | 'B' | 'C'

export interface Client {
  readonly at: Place
  readonly pending: PendingExchange
}

export type Received = Pick<Event, 'id' | 'text' | 'user' | 'room'> & {
  /** The id that the stream gave the event, beside the data. */
  readonly lastEventId: string
}

/** Messages that a client has received so far, without the marks. */
export function receivedBy({ pending }: Client): readonly Received[] {
  return readStream(pending.soFar.body).events.flatMap(({ data, lastEventId }) => {
    const value = parsed(data)
    return value === undefined || isMark(fieldOf(value, 'text')) ? [] : [{ ...(value as Event), lastEventId }]
  })
}

export const textsOf = (client: Client): readonly string[] => receivedBy(client).map(({ text = '' }) => text)

const hasMark = ({ pending }: Client, mark: string) => pending.soFar.body.includes(JSON.stringify(mark))

export async function opened(trial: Trial, at: Place, room: string = trial.room): Promise<Client> {
  const pending = trial.open(`/feed/${room}/sse`, { withinMs: STREAM_MS })
  await trial.until('the stream is open', () => pending.soFar.status > 0 || pending.exchange !== null, ROUND_MS)
  if (pending.exchange) await trial.whole(pending)
  expectStatus({ ...pending.soFar, body: '' }, 200, {
    saw: 'A client asked for the stream. Your server responded:',
    hint: STREAM,
  })
  return { at, pending }
}

/** Opens the stream of a process that may not listen yet. Resolves with null if it does not respond in time. */
export async function openedEarly(trial: Trial, at: Place, { port, patience }: Beginning): Promise<Client | null> {
  for (const untilMs = patience.nowMs + READ_MS; patience.nowMs < untilMs;) {
    const pending = ask(port, `/feed/${trial.room}/sse`, { withinMs: STREAM_MS }, patience)
    const isOver = () => pending.soFar.status === 200 || pending.exchange !== null
    await trial.until('it responds', () => isOver() || patience.nowMs >= untilMs, ROUND_MS).catch(() => null)
    if (pending.soFar.status === 200 && !pending.exchange) return { at, pending }
    pending.leave()
    await pending.answer
  }
  return null
}

export interface Message {
  readonly user?: string
  readonly text: string
  readonly room?: string
}

export function post(trial: Trial, { user = 'Ada', text, room = trial.room }: Message): PendingExchange {
  const body = JSON.stringify({ user, text })
  const headers = { 'content-type': 'application/json' }
  return trial.open(`/feed/${room}`, { method: 'POST', headers, body, withinMs: ROUND_MS })
}

/** Publishes a message, and returns the event of the response. */
export async function published(
  trial: Trial,
  at: Place,
  message: Message | string,
  hint = 'refused',
): Promise<Partial<Event>> {
  const asked = typeof message === 'string' ? { text: message } : message
  const what = `${JSON.stringify(asked.text)} was published at ${at}`
  const answer = await trial.whole(post(trial, asked), { saw: `${what}, and got no response:`, hint })
  expectStatus(answer, 201, { saw: `${what}. Your server responded:`, hint })
  return Object(answer.json)
}

/** Waits until every client has the last message, and throws unless each has exactly the wanted ones. */
export async function expectDelivered(
  trial: Trial,
  clients: readonly Client[],
  wanted: readonly string[],
  saw: string,
  hint: (client: Client, found: readonly string[]) => string,
): Promise<void> {
  const last = wanted.at(-1) ?? ''
  await trial
    .until('all have the last', () => clients.every((client) => textsOf(client).includes(last)), ROUND_MS)
    .catch(() => null)
  await trial.reads()
  for (const client of clients) {
    const found = textsOf(client)
    const first = differsAt(found, wanted)
    if (first < 0) continue
    const lines = (texts: readonly string[]) => texts.map((text) => JSON.stringify(text)).join(' ')
    const bytes = `the client at ${client.at} received: ${lines(found)}`
    const finding = {
      saw,
      bytes,
      at: first < found.length ? bytes.length - lines(found.slice(first)).length : bytes.length,
      wanted: first < wanted.length ? lines(wanted.slice(first)) : 'nothing more',
      hint: hint(client, found),
    }
    throw found.includes(last) ? new Wrong(finding) : new Late(finding)
  }
}

/** Waits until the clients have a message and the processes wait for the next one, because another check tests the gap between two reads. */
export async function readOn(
  clients: readonly Client[],
  text: string,
  processes: readonly [Trial, ...Trial[]],
): Promise<void> {
  const [trial] = processes
  const isThere = () => clients.every((client) => textsOf(client).includes(text))
  await trial.until('all have it', isThere, READ_MS).catch(() => null)
  await trial.until('they read on', () => processes.every(isReading), READ_MS).catch(() => null)
}

/** True if a read of the process waits at Redis. */
export const isReading = ({ link }: Trial): boolean => link.blockedMs.length > 0

export function differsAt(found: readonly string[], wanted: readonly string[]): number {
  return Array.from({ length: Math.max(found.length, wanted.length) }).findIndex((_, i) => found[i] !== wanted[i])
}

export const isDoubled = (found: readonly string[]): boolean => new Set(found).size < found.length

/** Reports whether an id is larger than the one before. An id ends with a number, or with two as Redis makes them: `7-0`. */
export function isLater(id: string, before: string): boolean {
  const [[first, second], [firstBefore, secondBefore]] = [numbersOf(id), numbersOf(before)]
  return first === firstBefore ? second > secondBefore : first > firstBefore
}

function numbersOf(id: string): readonly [number, number] {
  const [, first = Number.NaN, second = 0] = /(\d+)(?:-(\d+))?$/.exec(id) ?? []
  return [Number(first), Number(second)]
}

/** Text of the marks, which show that a process receives again. They are not part of the expected messages. */
const MARK = 'are you there?'
const isMark = (text: unknown): boolean => String(text).startsWith(MARK)
let marks = 0

/** Publishes marks until all of these clients have the latest one. After that, no earlier message is on its way. */
export async function heard(trial: Trial, clients: readonly Client[], at: Place): Promise<void> {
  const deaf = await hears(trial, clients, at)
  if (!deaf) return
  const bytes = `the client at ${deaf.at} received: ${textsOf(deaf)
    .map((text) => JSON.stringify(text))
    .join(' ')}`
  const saw = `Messages were published at ${at} for ${ROUND_MS / 1000} s, one after the other.`
  throw new Late({ saw, bytes, at: bytes.length, wanted: 'the latest of them', hint: DEAF })
}

/** Like `heard`, and resolves with the first client that does not have the latest mark in time, or with undefined. */
export async function hears(trial: Trial, clients: readonly Client[], at: Place): Promise<Client | undefined> {
  let deaf: Client | undefined
  const hear = async () => {
    const mark = `${MARK} ${(marks += 1)}`
    await published(trial, at, mark, 'blocked')
    const isThere = () => clients.every((client) => hasMark(client, mark))
    const isHeard = await trial.until('the mark is there', isThere, MARK_MS).catch(() => false)
    deaf = clients.find((client) => !hasMark(client, mark))
    return isHeard
  }
  for (const untilMs = trial.patience.nowMs + ROUND_MS; trial.patience.nowMs < untilMs;)
    if (await hear()) return undefined
  return deaf
}
