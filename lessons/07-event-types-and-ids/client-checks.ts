/** Checks of the client: the check is its server, writes each stream, and moves its clock. */
import { cursorOf } from '../../server/feed/cursor.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Check } from '../kit/exercise.ts'
import { startFakeHttp } from '../kit/fake-http.ts'
import type { AskedRequest, FakeHttp } from '../kit/fake-http.ts'
import {
  answered,
  expectDelivered,
  expectNoMore,
  expectNoTimers,
  nth,
  pauseAfter,
  settle,
  wrong,
} from '../kit/fetching.ts'
import type { Trial } from '../kit/trial.ts'
import { NO_STREAM, words } from './hints.ts'

/** Pause that the student's file gives. */
const RETRY_MS = 3000

/** Timers of the client are late by at most this much. */
const EXACT_MS = 100

const EVENT_STREAM = 'text/event-stream; charset=utf-8'

const id = (seq: number): string => cursorOf('k3', seq)

/** Bytes of a message, with an é that has two bytes. */
function messageOf(room: string, seq: number): string {
  const event = { id: id(seq), room, at: 1_795_250_475_724, type: 'message', user: 'Ada', text: `né ${seq}` }
  return `id: ${id(seq)}\ndata: ${JSON.stringify(event)}\n\n`
}

/** Position after which the client asks. The server also reads it from the address. */
const placeOf = ({ lastEventId, after }: AskedRequest): string | null => lastEventId ?? after

/** Starts the client, and returns its first request. */
async function begin(trial: Trial, far: FakeHttp, after?: string): Promise<AskedRequest> {
  await trial.connect(far.origin, [trial.room], after)
  return nth(trial, far, 1, 'The client was started, and sent no request.', NO_STREAM)
}

/** Sends a stream as the response to the client's nth request, and ends it. */
async function stream(trial: Trial, request: AskedRequest, n: number, ...parts: readonly (string | Uint8Array)[]) {
  request.stream(EVENT_STREAM)
  await answered(trial, n)
  for (const part of parts) {
    await request.write(part)
    await settle(trial)
  }
  request.end()
  await trial.until('the stream has ended', () => request.isOver)
  await settle(trial)
}

const ONCE = { lost: 'lost', doubled: 'doubled', order: 'order' }
const LOST = { lost: 'lost', doubled: 'lost', order: 'lost' }

export const clientChecks: readonly Check[] = checksFrom(words.client, {
  async 'the-last-id'(trial) {
    await using far = await startFakeHttp()
    const first = await begin(trial, far)
    const path = `GET /feed/${trial.room}/sse`
    if (first.asked.split('?')[0] !== path) wrong(far, 'The client was started. It sent:', path, 'another-path')
    if (placeOf(first) !== null)
      wrong(far, 'A client without an id was started. It sent:', 'a request without Last-Event-ID', 'made-up')
    await stream(trial, first, 1, `id: ${id(5)}\n\n`)
    const saw = `The first stream brought the id ${id(5)}, no message, and then it ended.`
    const second = await nth(trial, far, 2, `${saw} No other request came.`, 'no-second')
    if (placeOf(second) !== id(5)) wrong(far, `${saw} Then the client sent:`, `Last-Event-ID: ${id(5)}`, 'not-kept')
    await stream(
      trial,
      second,
      2,
      `id: ${id(5)}\n\n${messageOf(trial.room, 6)}${messageOf(trial.room, 12)}: heartbeat\n\n`,
    )
    const sawMessages = `The second stream brought the messages ${id(6)} and ${id(12)} and a comment, and then it ended.`
    const third = await nth(trial, far, 3, `${sawMessages} No other request came.`, 'no-second')
    if (placeOf(third) !== id(12))
      wrong(far, `${sawMessages} Then the client sent:`, `Last-Event-ID: ${id(12)}`, 'not-kept')
  },

  async 'begins-there'(trial) {
    await using far = await startFakeHttp()
    const first = await begin(trial, far, id(8))
    if (placeOf(first) === id(8)) return
    wrong(far, `A client with the id ${id(8)} was started. It sent:`, `Last-Event-ID: ${id(8)}`, 'not-begun')
  },

  async 'each-once'(trial) {
    await using far = await startFakeHttp()
    const { room } = trial
    const first = await begin(trial, far, id(8))
    // The last message is cut in the middle.
    const bytes = Buffer.from(
      `id: ${id(8)}\n\n${messageOf(room, 9)}: heartbeat\n\n${messageOf(room, 10)}id: ${id(11)}\ndata: {"id":`,
    )
    const half = bytes.indexOf(Buffer.from('é')) + 1
    await stream(trial, first, 1, bytes.subarray(0, half), bytes.subarray(half))
    const saw = `A stream brought ${id(9)} and ${id(10)}, and was cut in the middle of ${id(11)}.`
    await expectDelivered(trial, far, [id(9), id(10)], `${saw} The page received:`, ONCE)
    const second = await nth(trial, far, 2, `${saw} No other request came.`, 'lost')
    if (placeOf(second) !== id(10)) wrong(far, `${saw} Then the client sent:`, `Last-Event-ID: ${id(10)}`, 'half')
    await stream(trial, second, 2, `id: ${id(10)}\n\n${messageOf(room, 11)}`)
    await expectDelivered(
      trial,
      far,
      [id(9), id(10), id(11)],
      `${saw} The next stream brought it. The page received:`,
      ONCE,
    )
  },

  async 'a-seam'(trial) {
    await using far = await startFakeHttp()
    const { room } = trial
    const first = await begin(trial, far, id(3))
    await stream(trial, first, 1, messageOf(room, 4), messageOf(room, 5))
    const second = await nth(trial, far, 2, 'A stream ended. No other request came.', 'lost')
    const repeated = [4, 5, 5, 6, 7].map((seq) => messageOf(room, seq)).join('')
    await stream(trial, second, 2, repeated)
    const saw = `The first stream brought ${id(4)} and ${id(5)}. The second one repeated them and went on to ${id(7)}. The page received:`
    await expectDelivered(trial, far, [4, 5, 6, 7].map(id), saw, ONCE)
  },

  async 'other-types'(trial) {
    await using far = await startFakeHttp()
    const { room } = trial
    const first = await begin(trial, far, id(1))
    const gap = `event: gap\nid: ${id(40)}\ndata: ${JSON.stringify({ type: 'gap', cursor: id(40) })}\n\n`
    await stream(trial, first, 1, gap)
    const saw = `A stream brought an event of the type gap, with the id ${id(40)}.`
    await expectDelivered(trial, far, [], `${saw} The page received:`, {
      lost: 'as-a-message',
      doubled: 'as-a-message',
      order: 'as-a-message',
    })
    const second = await nth(trial, far, 2, `${saw} No other request came.`, 'ends')
    if (placeOf(second) !== id(40)) wrong(far, `${saw} Then the client sent:`, `Last-Event-ID: ${id(40)}`, 'its-id')
    await stream(trial, second, 2, `event: message\n${messageOf(room, 41)}`)
    await expectDelivered(
      trial,
      far,
      [id(41)],
      'A stream brought an event with the type message. The page received:',
      LOST,
    )
  },

  async 'the-pause'(trial) {
    await using far = await startFakeHttp()
    let request = await begin(trial, far, id(1))
    const retries: readonly [field: string, ms: number][] = [
      ['', RETRY_MS],
      ['retry: 6000\n\n', 6000],
      ['', 6000],
      ['retry: 400\n\n', 400],
    ]
    for (const [i, [field, wantedMs]] of retries.entries()) {
      await stream(trial, request, i + 1, `${field}: heartbeat\n\n`)
      request = await nth(trial, far, i + 2, 'A stream ended. No other request came.', 'too-late')
      const ms = await pauseAfter(trial, i + 1)
      const said =
        i === 0 ? 'without a field retry' : field === '' ? 'after one with retry: 6000' : `with ${field.trim()}`
      const saw = `A stream ${said} ended. The client waited for ${Math.round(ms)} ms, and then sent:`
      if (ms < wantedMs - EXACT_MS) wrong(far, saw, `a pause of ${wantedMs} ms`, 'too-soon')
      if (ms > wantedMs + 2000) wrong(far, saw, `a pause of ${wantedMs} ms`, 'too-late')
    }
  },

  async 'goes-on'(trial) {
    await using far = await startFakeHttp()
    let request = await begin(trial, far, id(3))
    const troubles: readonly [string, (request: AskedRequest) => void][] = [
      ['responded with 503 and a page of HTML', (asked) => asked.respond(503, '<h1>Service Unavailable</h1>')],
      ['cut the connection without a response', (asked) => asked.cut()],
      ['responded with 500 and an event in the body', (asked) => asked.respond(500, messageOf(trial.room, 99))],
    ]
    for (const [i, [what, happen]] of troubles.entries()) {
      happen(request)
      await answered(trial, i + 1)
      request = await nth(trial, far, i + 2, `The server ${what}. No other request came.`, 'gave-up')
      const ms = await pauseAfter(trial, i + 1)
      const saw = `The server ${what}. The client waited for ${Math.round(ms)} ms, and then sent:`
      if (placeOf(request) !== id(3)) wrong(far, saw, `Last-Event-ID: ${id(3)}`, 'lost-its-id')
      if (ms < RETRY_MS - EXACT_MS) wrong(far, saw, `a pause of ${RETRY_MS} ms`, 'no-pause')
    }
    await stream(trial, request, troubles.length + 1, messageOf(trial.room, 4))
    await expectDelivered(
      trial,
      far,
      [id(4)],
      'The server was in trouble, and then sent one message. The page received:',
      LOST,
    )
  },

  async 'no-more'(trial) {
    await using far = await startFakeHttp()
    const first = await begin(trial, far, id(1))
    first.respond(204)
    await answered(trial, 1)
    await trial.tick(10 * RETRY_MS)
    await settle(trial)
    await expectNoMore(trial, 1, 'The server responded with 204. The client called fetch for:', 'asks-on')
  },

  async stops(trial) {
    await using far = await startFakeHttp()
    const first = await begin(trial, far, id(1))
    first.stream(EVENT_STREAM)
    await answered(trial, 1)
    await trial.disconnect()
    const isAborted = await trial.until('the stream is aborted', () => first.isOver).catch(() => false)
    if (!isAborted) wrong(far, 'The client was stopped while it read a stream:', 'an aborted request', 'not-aborted')
    await trial.tick(10 * RETRY_MS)
    await settle(trial)
    await expectNoMore(trial, 1, 'The client was stopped while it read a stream. It called fetch for:', 'asks-on')
    await trial.connect(far.origin, [trial.room], id(2))
    const second = await nth(trial, far, 2, 'A second client was started, and sent no request.', NO_STREAM)
    await stream(trial, second, 2, `id: ${id(2)}\n\n`)
    await trial.disconnect()
    await trial.tick(10 * RETRY_MS)
    await settle(trial)
    await expectNoMore(trial, 2, 'The client was stopped during its pause. It called fetch for:', 'asks-on')
    await expectNoTimers(trial, 'timer-left')
  },
})
