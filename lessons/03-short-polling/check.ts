import { expectEvents, expectField, expectHeader, expectStatus } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { clientChecks } from './client-checks.ts'
import { words } from './hints.ts'

const HOUR_MS = 3_600_000

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
      },
      async 'first-answer'({ room, publish, get }) {
        const [event] = await publish('hello')
        const answer = await get(`/feed/${room}/poll`)
        const saw = 'One message had been published. Then a client asked without a cursor. Your server responded:'
        expectStatus(answer, 200, { saw, hint: 'no-cursor' })
        expectEvents(answer, [], { saw, hint: 'history' })
        expectField(answer, 'cursor', event?.id ?? '', { saw, hint: 'no-cursor' })
        expectHeader(answer, 'cache-control', /no-store/, { saw, hint: 'cached' })
      },
      async 'nothing-new'({ room, publish, get }) {
        const [event] = await publish('hello')
        const answer = await get(`/feed/${room}/poll?after=${event?.id}`)
        const saw = `The client has ${event?.id}, which is the last event. Your server responded:`
        expectStatus(answer, 204, { saw, hint: answer.body.includes('"id"') ? 'repeats' : 'empty-list' })
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
        const late = await publishAt(Date.now() - HOUR_MS, 'set back')
        const answer = await get(`/feed/${room}/poll?after=${ahead?.id}`)
        const saw = `${ahead?.id} was published while the clock was an hour ahead. Then the clock was set back by two hours, and another message was published. The client has ${ahead?.id}. Your server responded:`
        expectStatus(answer, 200, { saw, hint: 'by-clock' })
        expectEvents(answer, late, { saw, hint: 'by-clock' })
      },
      async 'past-the-ninth'({ room, publish, get }) {
        const events = await publish(...Array.from({ length: 12 }, (_, i) => String(i + 1)))
        const ninth = events[8]?.id
        const answer = await get(`/feed/${room}/poll?after=${ninth}`)
        const saw = `Twelve messages were published, and the client has ${ninth}. Your server responded:`
        expectStatus(answer, 200, { saw, hint: 'as-text' })
        expectEvents(answer, events.slice(9), { saw, hint: 'as-text' })
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
    }),
  },
  { name: 'client', hosted: { kind: 'client', exported: 'connect' }, checks: clientChecks },
]
