/** Checks of the client: the check is its server, decides each response, and moves its clock. */
import { cursorOf } from '../../server/feed/cursor.ts'
import type { Event } from '../../server/protocol/feed.ts'
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
  sentBy,
  settle,
  wrong,
} from '../kit/fetching.ts'
import type { Trial } from '../kit/trial.ts'
import { NO_REQUEST, words } from './hints.ts'

/** Interval that the student's file gives. */
const INTERVAL_MS = 1000

/** A pause that is shorter than this counts as none. */
const AT_ONCE_MS = 100

const id = (seq: number): string => cursorOf('k3', seq)

/** Events with these sequence numbers. */
const eventsOf = (room: string, ...seqs: readonly number[]): readonly Event[] =>
  seqs.map((seq) => ({ id: id(seq), room, at: 1_795_250_475_724 - seq, type: 'message', user: 'Ada', text: `${seq}` }))

const answer = (events: readonly Event[], cursor: string, more = false) => ({ events, cursor, gap: false, more })

/** Starts the client, and returns its first request. */
async function begin(trial: Trial, far: FakeHttp, after?: string): Promise<AskedRequest> {
  await trial.connect(far.origin, [trial.room], after)
  return nth(trial, far, 1, 'The client was started, and sent no request.', NO_REQUEST)
}

/** For checks in which the order and the number of deliveries are not the subject. */
const ALL_LOST = { lost: 'lost', doubled: 'lost', order: 'lost' }

export const clientChecks: readonly Check[] = checksFrom(words.client, {
  async 'first-cursor'(trial) {
    await using far = await startFakeHttp()
    const first = await begin(trial, far)
    const path = `GET /feed/${trial.room}/poll`
    if (first.asked.split('?')[0] !== path) wrong(far, 'The client was started. It sent:', path, 'another-path')
    if (first.after !== null)
      wrong(far, 'A client without a cursor was started. It sent:', 'a request without after', 'made-up')
    first.respond(200, answer([], id(5)))
    await answered(trial, 1)
    const saw = `The response to the first request had no events, and the cursor ${id(5)}.`
    const second = await nth(trial, far, 2, `${saw} No other request came.`, 'no-second')
    if (second.after !== id(5)) wrong(far, `${saw} Then the client sent:`, `after=${id(5)}`, 'not-kept')
  },

  async 'each-once'(trial) {
    await using far = await startFakeHttp()
    const first = await begin(trial, far, id(8))
    if (first.after !== id(8))
      wrong(far, `A client with the cursor ${id(8)} was started. It sent:`, `after=${id(8)}`, 'not-begun')
    const events = eventsOf(trial.room, 9, 10, 12)
    first.respond(200, answer(events, id(12)))
    await answered(trial, 1)
    const ids = events.map((event) => event.id)
    const hints = { lost: 'lost', doubled: 'doubled', order: 'order' }
    await expectDelivered(trial, far, ids, 'One response brought three events. The page received:', hints)
    const second = await nth(trial, far, 2, 'One response brought three events. No other request came.', 'no-second')
    const saw = `One response brought three events and the cursor ${id(12)}. Then the client sent:`
    if (second.after !== id(12)) wrong(far, saw, `after=${id(12)}`, 'not-kept')
    second.respond(204)
    await answered(trial, 2)
    const third = await nth(trial, far, 3, 'The server responded with 204. No other request came.', 'ends-at-204')
    const sawNothing = `The server responded with 204 to a client with the cursor ${id(12)}. Then the client sent:`
    if (third.after !== id(12)) wrong(far, sawNothing, `after=${id(12)}`, 'lost-at-204')
    await expectDelivered(trial, far, ids, 'Three events came, and then a response with 204. The page received:', hints)
  },

  async 'the-interval'(trial) {
    await using far = await startFakeHttp()
    const first = await begin(trial, far, id(1))
    // A slow response: the clock moves while the request is under way.
    for (let i = 0; i < 4; i++) await trial.tick(INTERVAL_MS)
    await settle(trial)
    if ((await sentBy(trial)).length > 1) {
      await trial.until('the request has arrived', () => far.requests.length > 1)
      wrong(far, 'The first request had no response yet. The client sent:', 'no second request yet', 'overlap')
    }
    first.respond(204)
    await answered(trial, 1)
    for (let n = 2; n <= 3; n++) {
      const request = await nth(trial, far, n, 'The server responded with 204. No other request came.', 'too-seldom')
      const ms = await pauseAfter(trial, n - 1)
      const saw = `The client waited for ${Math.round(ms)} ms after a response, and then sent:`
      if (ms < INTERVAL_MS - AT_ONCE_MS) wrong(far, saw, `a pause of ${INTERVAL_MS} ms`, 'too-often')
      if (ms > 2 * INTERVAL_MS) wrong(far, saw, `a pause of ${INTERVAL_MS} ms`, 'too-seldom')
      request.respond(200, answer(eventsOf(trial.room, n), id(n)))
      await answered(trial, n)
    }
  },

  async 'more-at-once'(trial) {
    await using far = await startFakeHttp()
    let request = await begin(trial, far, id(0))
    for (let n = 1; n <= 3; n++) {
      request.respond(200, answer(eventsOf(trial.room, n), id(n), n < 3))
      await answered(trial, n)
      request = await nth(trial, far, n + 1, 'The client got a response. No other request came.', 'ends')
      const ms = await pauseAfter(trial, n)
      const said = n < 3 ? 'true' : 'false'
      const saw = `A response had more: ${said}. The client waited for ${Math.round(ms)} ms, and then sent:`
      if (n < 3 && ms > AT_ONCE_MS) wrong(far, saw, 'no pause', 'waits')
      if (n === 3 && ms < INTERVAL_MS - AT_ONCE_MS) wrong(far, saw, `a pause of ${INTERVAL_MS} ms`, 'for-ever')
    }
    await expectDelivered(
      trial,
      far,
      [id(1), id(2), id(3)],
      'Three responses brought one event each. The page received:',
      ALL_LOST,
    )
  },

  async 'goes-on'(trial) {
    await using far = await startFakeHttp()
    let request = await begin(trial, far, id(3))
    const troubles: readonly [string, (request: AskedRequest) => void][] = [
      ['responded with 503 and a page of HTML', (asked) => asked.respond(503, '<h1>Service Unavailable</h1>')],
      ['responded with 500 and a body of JSON', (asked) => asked.respond(500, { type: 'error', status: 500 })],
      ['cut the connection without a response', (asked) => asked.cut()],
      ['responded with 200 and a page of HTML', (asked) => asked.respond(200, '<h1>Please sign in</h1>')],
    ]
    for (const [i, [what, happen]] of troubles.entries()) {
      happen(request)
      await answered(trial, i + 1)
      request = await nth(trial, far, i + 2, `The server ${what}. No other request came.`, 'gave-up')
      const ms = await pauseAfter(trial, i + 1)
      const saw = `The server ${what}. The client waited for ${Math.round(ms)} ms, and then sent:`
      if (request.after !== id(3)) wrong(far, saw, `after=${id(3)}`, 'lost-its-cursor')
      if (ms < INTERVAL_MS - AT_ONCE_MS) wrong(far, saw, `a pause of ${INTERVAL_MS} ms`, 'no-pause')
    }
    request.respond(200, answer(eventsOf(trial.room, 4), id(4)))
    await answered(trial, troubles.length + 1)
    await nth(trial, far, troubles.length + 2, 'The server is well again. No other request came.', 'gave-up')
    await expectDelivered(
      trial,
      far,
      [id(4)],
      'The server was in trouble, and then sent one event. The page received:',
      ALL_LOST,
    )
  },

  async stops(trial) {
    await using far = await startFakeHttp()
    const first = await begin(trial, far, id(1))
    await trial.disconnect()
    await settle(trial)
    const isAborted = await trial.until('the request is aborted', () => first.isOver).catch(() => false)
    if (!isAborted)
      wrong(far, 'The client was stopped while it waited for a response:', 'an aborted request', 'not-aborted')
    for (let i = 0; i < 5; i++) await trial.tick(INTERVAL_MS)
    await settle(trial)
    await expectNoMore(trial, 1, 'The client was stopped during its first request. It called fetch for:', 'asks-on')
    await trial.connect(far.origin, [trial.room], id(2))
    const second = await nth(trial, far, 2, 'A second client was started, and sent no request.', NO_REQUEST)
    second.respond(204)
    await answered(trial, 2)
    await trial.disconnect()
    for (let i = 0; i < 5; i++) await trial.tick(INTERVAL_MS)
    await settle(trial)
    await expectNoMore(trial, 2, 'The client was stopped during its pause. It called fetch for:', 'asks-on')
    await expectNoTimers(trial, 'timer-left')
  },
})
