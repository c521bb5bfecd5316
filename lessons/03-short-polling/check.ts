import { expectEvents, expectField, expectHeader, expectStatus } from '../kit/expect.ts'
import type { Exercise } from '../kit/exercise.ts'

const HOUR_MS = 3_600_000

export const exercises: readonly Exercise[] = [
  {
    name: 'short-poll',
    hosted: { kind: 'transport', exported: 'shortPoll' },
    checks: [
      {
        name: 'behind-the-cursor',
        title: 'Answers what lies behind the cursor, and not the cursor\u2019s own event',
        hints: {
          repeats: [
            'The client said which event it has, and that very event came again.',
            'Look at where you cut the list: is the event that the cursor names on the side that you send?',
            'A cursor names the last event that was read. What is new lies behind it: greater than, not greater than or equal.',
          ],
          missing: [
            'Something that lies behind the client\u2019s cursor is not in the answer.',
            'Look at where you cut the list, and at what happens where the cursor is found nowhere in it.',
            'What is new is everything behind the cursor, with nothing left out: nobody will ask for it again.',
          ],
          order: [
            'The events are there, and not in the order in which they were published.',
            'Look at what you do to the list on its way: is it sorted or reversed?',
            'A feed has one order, and every client sees it: oldest first.',
          ],
          cursor: [
            'The events are right, and the cursor that came with them is not the last one\u2019s.',
            'Look at which event the cursor is taken from.',
            'The next request begins where this answer ends. The last event of the answer is that place.',
          ],
        },
        async run({ room, publish, get }) {
          const events = await publish('one', 'two', 'three')
          const [first] = events
          const hint = (seen: string) =>
            seen === 'missing' ? 'missing' : seen === 'out of order' ? 'order' : 'repeats'
          const answer = await get(`/feed/${room}/poll?after=${first?.id}`)
          const saw = `Three messages were published, and the client has ${first?.id} already. You answered:`
          expectStatus(answer, 200, { saw, hint: 'missing' })
          expectEvents(answer, events.slice(1), { saw, hint })
          expectField(answer, 'cursor', events[2]?.id ?? '', { saw, hint: 'cursor' })
        },
      },
      {
        name: 'first-answer',
        title: 'Gives a client without a cursor one to begin with',
        hints: {
          'no-cursor': [
            'The client sent no cursor, and your answer holds none.',
            'Look at the condition for 204: does it ask whether the client had a cursor at all?',
            'A client that comes for the first time wants to know where "now" is. Without that it can never ask for what comes after.',
          ],
          history: [
            'The client sent no cursor and got events that were there before it came.',
            'Look at what `from` is when `after` is undefined.',
            'Without a cursor reading begins now. Whoever wants the past asks for it, with after=0 or last=N.',
          ],
          cached: [
            'The answer may be kept by a cache, which then answers in your place.',
            'Look at the header that the file sets before the TODOs: is it still there?',
            'A poll that a cache answers brings what was new the last time (RFC 9111, section 5.2.2.5).',
          ],
        },
        async run({ room, publish, get }) {
          const [event] = await publish('hello')
          const answer = await get(`/feed/${room}/poll`)
          const saw = 'A client came without a cursor, after one message had been published. You answered:'
          expectStatus(answer, 200, { saw, hint: 'no-cursor' })
          expectEvents(answer, [], { saw, hint: 'history' })
          expectField(answer, 'cursor', event?.id ?? '', { saw, hint: 'no-cursor' })
          expectHeader(answer, 'cache-control', /no-store/, { saw, hint: 'cached' })
        },
      },
      {
        name: 'nothing-new',
        title: 'Says 204 and nothing else where nothing is new',
        hints: {
          'empty-list': [
            'Nothing was new, and your answer said so at length.',
            'Look at what you return when there are no events: is there a case for 204?',
            'Most polls bring nothing. 204 No Content (RFC 9110, section 15.3.5) is the answer that says so in the fewest bytes; the client keeps its cursor.',
          ],
          repeats: [
            'The client has everything, and was sent something again.',
            'Look at where you cut the list when the cursor names its last event.',
            'What is new lies behind the cursor. Behind the last event lies nothing.',
          ],
        },
        async run({ room, publish, get }) {
          const [event] = await publish('hello')
          const answer = await get(`/feed/${room}/poll?after=${event?.id}`)
          const saw = `The client has ${event?.id}, which is the last event there is. You answered:`
          expectStatus(answer, 204, { saw, hint: answer.body.includes('"id"') ? 'repeats' : 'empty-list' })
        },
      },
      {
        name: 'one-instant',
        title: 'Tells two messages of the same instant apart',
        hints: {
          'by-time': [
            'Two messages have the same time. The client had the first of them, and the second never came.',
            'Look at what you compare: is it the time of an event or its place in the list?',
            'Times are not unique: two messages of one instant cannot be told apart by them. A place in the list is.',
          ],
        },
        async run({ room, publishAt, get }) {
          const [first, second] = await publishAt(Date.now(), 'ping', 'pong')
          const answer = await get(`/feed/${room}/poll?after=${first?.id}`)
          const saw = `${first?.id} and ${second?.id} were published at the very same time, and the client has ${first?.id}. You answered:`
          expectStatus(answer, 200, { saw, hint: 'by-time' })
          expectEvents(answer, second ? [second] : [], { saw, hint: 'by-time' })
        },
      },
      {
        name: 'a-wrong-clock',
        title: 'Asks no clock what is new',
        hints: {
          'by-clock': [
            'The messages are stamped an hour away from your clock, and they were not delivered, or not all of them.',
            'Look for a comparison with the time: of the event, or of now.',
            'Clocks are set back, run ahead, and differ between machines. What a client has not got yet is no question of time.',
          ],
        },
        async run({ room, publishAt, get }) {
          const [ahead] = await publishAt(Date.now() + HOUR_MS, 'ahead')
          const late = await publishAt(Date.now() - HOUR_MS, 'set back')
          const answer = await get(`/feed/${room}/poll?after=${ahead?.id}`)
          const saw = `${ahead?.id} was published by a clock an hour ahead, which was then set back by two. The client has ${ahead?.id}. You answered:`
          expectStatus(answer, 200, { saw, hint: 'by-clock' })
          expectEvents(answer, late, { saw, hint: 'by-clock' })
        },
      },
      {
        name: 'past-the-ninth',
        title: 'Goes on past the ninth message',
        hints: {
          'as-text': [
            'All went well up to the ninth message; what came after it was lost or repeated.',
            'Look at how you compare two cursors: as text, "10" comes before "9".',
            'A cursor is opaque: it can be found again, and it has no order as text. The order is the list\u2019s.',
          ],
        },
        async run({ room, publish, get }) {
          const events = await publish(...Array.from({ length: 12 }, (_, i) => String(i + 1)))
          const ninth = events[8]?.id
          const answer = await get(`/feed/${room}/poll?after=${ninth}`)
          const saw = `Twelve messages were published, and the client has ${ninth}. You answered:`
          expectStatus(answer, 200, { saw, hint: 'as-text' })
          expectEvents(answer, events.slice(9), { saw, hint: 'as-text' })
        },
      },
      {
        name: 'two-readers',
        title: 'Answers each client by its own cursor',
        hints: {
          shared: [
            'Two clients asked for the same, one after the other, and the second got less.',
            'Look for something that outlives the request: a variable outside of the handler.',
            'The client brings its cursor with every request, so that the server has to remember nothing about it. One memory for all serves only the first.',
          ],
        },
        async run({ room, publish, get }) {
          const events = await publish('one', 'two')
          for (const who of ['The first client', 'A second client']) {
            const answer = await get(`/feed/${room}/poll?after=0`)
            const saw = `${who} asked for all that is kept. You answered:`
            expectStatus(answer, 200, { saw, hint: 'shared' })
            expectEvents(answer, events, { saw, hint: 'shared' })
          }
        },
      },
      {
        name: 'a-limit',
        title: 'Cuts a long answer short without losing the rest',
        hints: {
          'too-many': [
            'The client asked for at most two events and got others.',
            'Look at whether `limit` is used where the list is cut.',
            'A client that was away for long would otherwise be answered with everything at once.',
          ],
          skipped: [
            'The answer was cut short, and its cursor lies behind events that it does not hold.',
            'Look at which event the cursor is taken from: the last of the room, or the last of this answer?',
            'The cursor stands behind what the client has got, and nowhere else. Whatever it skips is lost for good.',
          ],
          more: [
            'The answer was cut short, and the client was not told so (or was told so when it was not).',
            'Look at how `more` is found: compare what lies behind the cursor with what you send.',
            'With more, the client asks again at once; without, it pauses first. Said wrongly, it idles or it hurries in vain.',
          ],
        },
        async run({ room, publish, get }) {
          const events = await publish('one', 'two', 'three')
          const cut = await get(`/feed/${room}/poll?after=0&limit=2`)
          const saw = 'Three messages were published, and the client wanted at most two at a time. You answered:'
          expectStatus(cut, 200, { saw, hint: 'too-many' })
          expectEvents(cut, events.slice(0, 2), { saw, hint: 'too-many' })
          expectField(cut, 'cursor', events[1]?.id ?? '', { saw, hint: 'skipped' })
          expectField(cut, 'more', true, { saw, hint: 'more' })
          const rest = await get(`/feed/${room}/poll?after=${events[1]?.id}&limit=2`)
          const sawRest = 'It came back for the rest. You answered:'
          expectStatus(rest, 200, { saw: sawRest, hint: 'skipped' })
          expectEvents(rest, events.slice(2), { saw: sawRest, hint: 'skipped' })
          expectField(rest, 'more', false, { saw: sawRest, hint: 'more' })
        },
      },
      {
        name: 'a-gap',
        title: 'Says so where a cursor points at nothing any more',
        hints: {
          silent: [
            'The client\u2019s cursor points at events that are no longer kept, and your answer does not say so.',
            'Look at what becomes of `gap`, which the file has found out for you.',
            'A loss that is not told is worse than a loss: the client shows what it has as if it were all.',
          ],
          rest: [
            'The client was told of the gap, and did not get what is still kept behind it.',
            'Look at where the list is cut when `from` is found nowhere in it.',
            'Behind a gap reading goes on from the earliest event that is kept.',
          ],
        },
        async run({ room, publish, get, forget }) {
          const events = await publish('one', 'two', 'three', 'four')
          await forget(2)
          const answer = await get(`/feed/${room}/poll?after=${events[0]?.id}`)
          const saw = `The client has ${events[0]?.id}; ${events[1]?.id} is no longer kept. You answered:`
          expectStatus(answer, 200, { saw, hint: 'silent' })
          expectField(answer, 'gap', true, { saw, hint: 'silent' })
          expectEvents(answer, events.slice(2), { saw, hint: 'rest' })
          await forget(0)
          const empty = await get(`/feed/${room}/poll?after=${events[0]?.id}`)
          const sawEmpty = 'Nothing at all is kept any more, and the client has only the first event. You answered:'
          expectStatus(empty, 200, { saw: sawEmpty, hint: 'silent' })
          expectField(empty, 'gap', true, { saw: sawEmpty, hint: 'silent' })
          expectField(empty, 'cursor', events[3]?.id ?? '', { saw: sawEmpty, hint: 'rest' })
        },
      },
    ],
  },
]
