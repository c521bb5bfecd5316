import { expectEvents, expectField, expectHeader, expectStatus, shown } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import type { Exchange } from '../kit/exchange.ts'
import { Wrong } from '../kit/finding.ts'
import { fieldOf } from '../kit/json.ts'
import type { Event } from '../../server/protocol/feed.ts'
import { clientChecks } from './client-checks.ts'
import { words } from './hints.ts'

const HOUR_MS = 3_600_000

/** More events than one response may hold, and numbers of three digits. */
const MANY = 501
const MOST = 500

/** Longer than the usual epoch, and with digits in it, like the sandbox's own. */
const OTHER_EPOCH = '4f07q2'

/** Cursor of a feed that has begun again since then. */
const OLD_CURSOR = 'zz9x1.2'

/** Expects that each event of the response is the published one, with all its fields. */
function expectWhole(answer: Exchange, wanted: readonly Event[], saw: string): void {
  const events = fieldOf(answer.json, 'events')
  for (const [i, event] of wanted.entries())
    for (const [name, value] of Object.entries(event)) {
      const found = fieldOf(Array.isArray(events) ? events[i] : undefined, name)
      if (found === value) continue
      const bytes = shown(answer)
      const at = bytes.indexOf(`"id":${JSON.stringify(event.id)}`)
      throw new Wrong({ saw, bytes, at, wanted: JSON.stringify({ [name]: value }).slice(1, -1), hint: 'changed' })
    }
}

const NO_STORE = /(?:^|[\s,])no-store(?:$|[\s,])/i

export const exercises: readonly Exercise[] = [
  {
    name: 'short-poll',
    hosted: { kind: 'transport', exported: 'shortPoll' },
    checks: checksFrom(words['short-poll'], {
      async 'after-the-cursor'({ room, publish, get }) {
        const events = await publish('one', 'two', 'three')
        const [first] = events
        const hint = (seen: string) => (seen === 'missing' ? 'missing' : seen === 'out of order' ? 'order' : 'repeats')
        const answer = await get(`/feed/${room}/poll?after=${first?.id}`)
        const saw = `Three messages were published, and the client already has ${first?.id}. Your server responded:`
        expectStatus(answer, 200, { saw, hint: 'missing' })
        expectEvents(answer, events.slice(1), { saw, hint })
        expectField(answer, 'cursor', events[2]?.id ?? '', { saw, hint: 'cursor' })
        expectWhole(answer, events.slice(1), saw)
        expectField(answer, 'gap', false, { saw, hint: 'flags' })
        expectField(answer, 'more', false, { saw, hint: 'flags' })
        expectHeader(answer, 'content-type', /^application\/json\b/, { saw, hint: 'not-json' })
        const again = await get(`/feed/${room}/poll?after=${first?.id}`)
        const sawAgain =
          'The response was lost on its way, so the client sent the same request again. Your server responded:'
        expectStatus(again, 200, { saw: sawAgain, hint: 'remembers' })
        expectEvents(again, events.slice(1), { saw: sawAgain, hint: 'remembers' })
        const last = await publish('four')
        const next = await get(`/feed/${room}/poll?after=${events[2]?.id}`)
        const sawNext =
          'A fourth message was published, and the client asked with its new cursor. Your server responded:'
        expectStatus(next, 200, { saw: sawNext, hint: 'remembers' })
        expectEvents(next, last, { saw: sawNext, hint: 'remembers' })
      },
      async 'first-answer'({ room, publish, get }) {
        const [event] = await publish('hello')
        const answer = await get(`/feed/${room}/poll`)
        const saw = 'One message had been published. Then a client asked without a cursor. Your server responded:'
        expectStatus(answer, 200, { saw, hint: 'no-cursor' })
        expectEvents(answer, [], { saw, hint: 'history' })
        expectField(answer, 'cursor', event?.id ?? '', { saw, hint: 'no-cursor' })
        expectHeader(answer, 'cache-control', NO_STORE, { saw, hint: 'cached' })
      },
      async 'an-empty-room'({ room, publish, get }) {
        const answer = await get(`/feed/${room}/poll`)
        const saw = 'Nothing had been published yet. A client asked without a cursor. Your server responded:'
        expectStatus(answer, 200, { saw, hint: 'no-cursor' })
        expectEvents(answer, [], { saw, hint: 'no-cursor' })
        const cursor = fieldOf(answer.json, 'cursor')
        if (typeof cursor !== 'string' || cursor === '')
          expectField(answer, 'cursor', 'a text', { saw, hint: 'no-cursor' })
        const [event] = await publish('the first')
        const next = await get(`/feed/${room}/poll?after=${String(cursor)}`)
        const sawNext = `In an empty room, the client got the cursor ${String(cursor)}. Then one message was published, and the client asked with this cursor. Your server responded:`
        expectStatus(next, 200, { saw: sawNext, hint: 'useless' })
        expectEvents(next, event ? [event] : [], { saw: sawNext, hint: 'useless' })
        expectField(next, 'gap', false, { saw: sawNext, hint: 'useless' })
      },
      async 'nothing-new'({ room, publish, get }) {
        const [event] = await publish('hello')
        const answer = await get(`/feed/${room}/poll?after=${event?.id}`)
        const saw = `The client has ${event?.id}, which is the last event. Your server responded:`
        expectStatus(answer, 204, { saw, hint: answer.body.includes('"id"') ? 'repeats' : 'empty-list' })
        expectHeader(answer, 'cache-control', NO_STORE, { saw, hint: 'cached' })
      },
      async 'one-instant'({ room, publishAt, get }) {
        const [first, second] = await publishAt(Date.now(), 'ping', 'pong')
        const answer = await get(`/feed/${room}/poll?after=${first?.id}`)
        const saw = `${first?.id} and ${second?.id} were published at exactly the same time, and the client has ${first?.id}. Your server responded:`
        expectStatus(answer, 200, { saw, hint: 'by-time' })
        expectEvents(answer, second ? [second] : [], { saw, hint: 'by-time' })
      },
      async 'a-wrong-clock'({ room, publishAt, get }) {
        const [ahead] = await publishAt(Date.now() + HOUR_MS, 'ahead')
        const [late] = await publishAt(Date.now() - HOUR_MS, 'set back')
        const [later] = await publishAt(Date.now() - 2 * HOUR_MS, 'set back again')
        const missed = [late, later].filter((event) => event !== undefined)
        const answer = await get(`/feed/${room}/poll?after=${ahead?.id}`)
        const saw = `${ahead?.id} was published while the clock was an hour ahead. Then the clock was set back twice, and after each time another message was published. The client has ${ahead?.id}. Your server responded:`
        expectStatus(answer, 200, { saw, hint: 'by-clock' })
        expectEvents(answer, missed, {
          saw,
          hint: (seen) => (seen === 'out of order' ? 'sorted-by-clock' : 'by-clock'),
        })
      },
      async 'past-the-ninth'({ room, publish, get }) {
        const events = await publish(...Array.from({ length: 12 }, (_, i) => String(i + 1)))
        for (const read of [9, 8]) {
          const cursor = events[read - 1]?.id
          const answer = await get(`/feed/${room}/poll?after=${cursor}`)
          const saw = `Twelve messages were published, and the client has ${cursor}. Your server responded:`
          expectStatus(answer, 200, { saw, hint: 'as-text' })
          expectEvents(answer, events.slice(read), { saw, hint: 'as-text' })
        }
      },
      async 'another-epoch'({ room, setEpoch, publish, get }) {
        await setEpoch(OTHER_EPOCH)
        const events = await publish('one', 'two', 'three')
        const [first] = events
        const answer = await get(`/feed/${room}/poll?after=${first?.id}`)
        const saw = `The feed has begun again, and its epoch is now ${OTHER_EPOCH}. Three messages were published, and the client has ${first?.id}. Your server responded:`
        expectStatus(answer, 200, { saw, hint: 'cut-off' })
        expectEvents(answer, events.slice(1), { saw, hint: 'cut-off' })
        expectField(answer, 'cursor', events[2]?.id ?? '', { saw, hint: 'cut-off' })
        const last = await get(`/feed/${room}/poll?after=${events[2]?.id}`)
        const sawLast = `The client has ${events[2]?.id}, which is the last event. Your server responded:`
        expectStatus(last, 204, { saw: sawLast, hint: 'cut-off' })
      },
      async 'two-readers'({ room, publish, get }) {
        const events = await publish('one', 'two')
        for (const who of ['The first client', 'A second client']) {
          const answer = await get(`/feed/${room}/poll?after=0`)
          const saw = `${who} asked for all events. Your server responded:`
          expectStatus(answer, 200, { saw, hint: 'shared' })
          expectEvents(answer, events, { saw, hint: 'shared' })
        }
      },
      async 'a-limit'({ room, publish, get }) {
        const events = await publish('one', 'two', 'three')
        const cut = await get(`/feed/${room}/poll?after=0&limit=2`)
        const saw = 'Three messages were published, and the client asked for at most two. Your server responded:'
        expectStatus(cut, 200, { saw, hint: 'too-many' })
        expectEvents(cut, events.slice(0, 2), { saw, hint: 'too-many' })
        expectField(cut, 'cursor', events[1]?.id ?? '', { saw, hint: 'skipped' })
        expectField(cut, 'more', true, { saw, hint: 'more' })
        const rest = await get(`/feed/${room}/poll?after=${events[1]?.id}&limit=2`)
        const sawRest = 'The client asked for the rest. Your server responded:'
        expectStatus(rest, 200, { saw: sawRest, hint: 'skipped' })
        expectEvents(rest, events.slice(2), { saw: sawRest, hint: 'skipped' })
        expectField(rest, 'more', false, { saw: sawRest, hint: 'more' })
      },
      async 'a-long-room'({ room, publish, get }) {
        const events = await publish(...Array.from({ length: MANY }, (_, i) => String(i + 1)))
        const [first, ...later] = events
        for (const limit of ['', `&limit=${MANY + 1}`]) {
          const answer = await get(`/feed/${room}/poll?after=0${limit}`)
          const what = limit === '' ? 'without a limit' : `for at most ${MANY + 1}`
          const saw = `${MANY} messages were published, and a client asked for all of them, ${what}. Your server responded:`
          expectStatus(answer, 200, { saw, hint: 'unlimited' })
          expectEvents(answer, events.slice(0, MOST), { saw, hint: 'unlimited' })
          expectField(answer, 'cursor', events[MOST - 1]?.id ?? '', { saw, hint: 'unlimited' })
          expectField(answer, 'more', true, { saw, hint: 'unlimited' })
        }
        const answer = await get(`/feed/${room}/poll?after=${first?.id}`)
        const saw = `${MANY} messages were published, and the client has only ${first?.id}. Your server responded:`
        expectStatus(answer, 200, { saw, hint: 'far-back' })
        expectEvents(answer, later, { saw, hint: 'far-back' })
        expectField(answer, 'more', false, { saw, hint: 'far-back' })
      },
      async 'during-the-request'({ room, publish, publishDuringRead, get }) {
        const [before] = await publish('before')
        await publishDuringRead('during', 1)
        const answer = await get(`/feed/${room}/poll`)
        const saw = `A client asked without a cursor, and the room had one message, ${before?.id}. While your server was reading the feed, another message was published. Your server responded:`
        expectStatus(answer, 200, { saw, hint: 'between' })
        const events = fieldOf(answer.json, 'events')
        const ids = Array.isArray(events) ? events.map((event) => fieldOf(event, 'id')) : []
        if (ids.includes(before?.id)) expectEvents(answer, [], { saw, hint: 'between' })
        const next = await get(`/feed/${room}/poll?after=${String(fieldOf(answer.json, 'cursor'))}`)
        const nextEvents = fieldOf(next.json, 'events')
        const count = ids.length + (Array.isArray(nextEvents) ? nextEvents.length : 0)
        if (count === 1) return
        const sawNext = `A message was published while your server was reading the feed. The client got it ${count === 0 ? 'neither' : 'both'} with that response ${count === 0 ? 'nor' : 'and'} with the next one:`
        throw new Wrong({ saw: sawNext, bytes: `${shown(answer)}\n\n${shown(next)}`, hint: 'between' })
      },
      async 'a-gap'({ room, publish, get, forget }) {
        const events = await publish('one', 'two', 'three', 'four')
        await forget(2)
        const answer = await get(`/feed/${room}/poll?after=${events[0]?.id}`)
        const saw = `The client has ${events[0]?.id}; ${events[1]?.id} is no longer kept. Your server responded:`
        expectStatus(answer, 200, { saw, hint: 'silent' })
        expectField(answer, 'gap', true, { saw, hint: 'silent' })
        expectEvents(answer, events.slice(2), { saw, hint: 'rest' })
        await forget(0)
        const empty = await get(`/feed/${room}/poll?after=${events[0]?.id}`)
        const sawEmpty = 'No event is kept any more, and the client has only the first one. Your server responded:'
        expectStatus(empty, 200, { saw: sawEmpty, hint: 'silent' })
        expectField(empty, 'gap', true, { saw: sawEmpty, hint: 'silent' })
        expectField(empty, 'cursor', events[3]?.id ?? '', { saw: sawEmpty, hint: 'rest' })
      },
      async 'another-feed'({ room, publish, get }) {
        const events = await publish('one', 'two', 'three')
        const ahead = `${events[2]?.id}7`
        for (const cursor of [OLD_CURSOR, ahead]) {
          const answer = await get(`/feed/${room}/poll?after=${cursor}`)
          const saw = `The feed has begun again, and it has ${events.map(({ id }) => id).join(', ')}. A client still has the cursor ${cursor} of the earlier feed. Your server responded:`
          expectStatus(answer, 200, { saw, hint: 'not-noticed' })
          expectField(answer, 'gap', true, { saw, hint: 'not-noticed' })
          expectEvents(answer, events, { saw, hint: 'from-the-start' })
          expectField(answer, 'cursor', events[2]?.id ?? '', { saw, hint: 'from-the-start' })
        }
      },
      async 'no-event-asked'({ room, publish, get }) {
        const [first] = await publish('one', 'two')
        const answer = await get(`/feed/${room}/poll?after=${first?.id}&limit=0`)
        const saw = `The client has ${first?.id} of two messages, and asked for no event (limit=0). Your server responded:`
        expectStatus(answer, 200, { saw, hint: 'more-to-come' })
        expectEvents(answer, [], { saw, hint: 'none' })
        expectField(answer, 'cursor', first?.id ?? '', { saw, hint: 'jumped' })
        expectField(answer, 'more', true, { saw, hint: 'more-to-come' })
      },
    }),
  },
  { name: 'client', hosted: { kind: 'client', exported: 'connect' }, checks: clientChecks },
]
