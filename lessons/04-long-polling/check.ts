import { expectEvents, expectField, expectHeader, expectPollStatus, expectStatus, shown } from '../kit/expect.ts'
import type { PendingExchange } from '../kit/exchange.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import type { Finding } from '../kit/finding.ts'
import { expectFollowers } from '../kit/followers.ts'
import { leaveDuringRead } from '../kit/parting.ts'
import { settled } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'
import { AT_ONCE, words } from './hints.ts'

type Text = Pick<Finding, 'saw' | 'hint'>

/** Longer than any check: a request with this wait is held until something else ends it. */
const LONG_S = 30

/** Number of events after which the next cursor is smaller than the last one, if a program compares them as texts. */
const TEN = ['1', '2', '3', '4', '5', '6', '7', '8', '9']

/** Turns of the program's event loop in which a loop without a pause reads the feed at least once each. */
const TURNS = 10

const MOST_EVENTS = 500

const NO_STORE = /\bno-store\b/

/** Target of a long poll. `waitS`: the wait in the query, or null if there is none. */
const pollOf = (room: string, after: string | undefined, waitS: number | null) =>
  `/feed/${room}/long-poll?after=${after}${waitS === null ? '' : `&wait=${waitS}`}`

/** Opens a request, and returns it when the program holds it: it has read the feed and not responded. */
async function hold(
  trial: Trial,
  after: string | undefined,
  waitS: number | null = LONG_S,
  { rest = '', headers = {} }: { readonly rest?: string; readonly headers?: Record<string, string> } = {},
) {
  const before = await trial.reads()
  const pending = trial.open(pollOf(trial.room, after, waitS) + rest, { headers })
  await trial.looked(before, pending)
  // An immediate response would have arrived by now.
  await settled(trial)
  if (!pending.exchange) return pending
  const bytes = shown(await trial.whole(pending))
  const saw = 'There was nothing new, and the client was willing to wait. Your server responded:'
  throw new Wrong({ saw, bytes, at: bytes.indexOf('HTTP/1.1 '), wanted: 'no response yet', hint: AT_ONCE })
}

/** Throws `Wrong` if the program has responded to one of these requests. */
async function expectHeld(trial: Trial, requests: readonly PendingExchange[], saw: string, hint: string) {
  await settled(trial)
  for (const { exchange } of requests) if (exchange) throw new Wrong({ saw, bytes: shown(exchange), hint })
}

/** Expects that a hold ends with 204. `late`: the finding if it does not end. `full`: the hint if the response has a body. */
async function expectNothing(trial: Trial, pending: PendingExchange, saw: string, late: Text, full: string) {
  const answer = await pending.answer
  // `whole` reports an error of the handler. Another status was chosen by the program.
  if (answer.ended !== 'whole' || answer.status === 500) await trial.whole(pending, late)
  if (answer.status === 400) expectPollStatus(answer, 204, { saw, hint: full })
  expectStatus(answer, 204, { saw, hint: answer.status === 200 ? full : 'another-status' })
  return answer
}

/** Expects that the program holds a request for this time. Up to a tenth may be left out, so that clients do not all return together. */
async function expectHoldOf(
  trial: Trial,
  pending: PendingExchange,
  waitS: number,
  how: string,
  hints: { readonly early: string; readonly late: string; readonly full: string },
) {
  const heldMs = waitS * 880
  const overMs = waitS * 1000 + 450
  await trial.tick(heldMs)
  const early = `${how}, and nothing came. Your server responded after ${heldMs / 1000} s or less:`
  await expectHeld(trial, [pending], early, hints.early)
  await trial.tick(overMs - heldMs)
  const saw = `${how}, and nothing came. Your server responded:`
  const late = {
    saw: `${how}, and nothing came. After ${overMs / 1000} s there was still no response:`,
    hint: hints.late,
  }
  const answer = await expectNothing(trial, pending, saw, late, hints.full)
  expectHeader(answer, 'preference-applied', `wait=${waitS}`, { saw, hint: 'not-said' })
  return answer
}

export const exercises: readonly Exercise[] = [
  {
    name: 'long-poll',
    // The clock stands still. A hold whose timer takes seconds for milliseconds would otherwise end before a check sees it.
    hosted: { kind: 'transport', exported: 'longPoll', isFrozen: true },
    checks: checksFrom(words['long-poll'], {
      async holds(trial) {
        const { room } = trial
        const first = (await trial.publish(...TEN)).at(-1)
        const before = await trial.reads()
        const pending = trial.open(pollOf(room, first?.id, LONG_S))
        await trial.looked(before, pending)
        await settled(trial)
        const early = pending.exchange ? '' : pending.received.toString('latin1')
        if (early !== '')
          throw new Wrong({
            saw: 'Nothing was published, and the client was willing to wait. Your server sent this, and continued to hold the request:',
            bytes: early.trimEnd(),
            at: 0,
            wanted: 'no byte yet',
            hint: 'byte-by-byte',
          })
        const { asked } = await trial.reads()
        for (let i = 0; i < TURNS; i++) await trial.reads()
        const again = (await trial.reads()).asked - asked
        if (again >= TURNS)
          throw new Wrong({
            saw: `Nothing was published, and the client was willing to wait. Your server read the feed ${again} times more while it held the request.`,
            hint: 'asks-again',
          })
        const published = await trial.publish('two', 'three')
        const ids = published.map(({ id }) => id).join(' and ')
        const situation = `The client has ${first?.id} and was willing to wait. ${ids} were published in one commit after your server had read the feed.`
        const answer = await trial.whole(pending, {
          saw: `${situation} Your server did not respond:`,
          hint: 'never-woken',
        })
        const saw = `${situation} Your server responded:`
        // If the program followed the feed, it held the request, and then sent what it had read before.
        const hasHeld = (await trial.reads()).followed > before.followed
        expectPollStatus(answer, 200, { saw, hint: hasHeld ? 'not-delivered' : 'at-once' })
        const isPart = answer.body.includes('"id":')
        expectEvents(answer, published, { saw, hint: isPart ? 'not-all' : 'not-delivered' })
        expectField(answer, 'cursor', published.at(-1)?.id ?? '', { saw, hint: 'old-cursor' })
        expectHeader(answer, 'cache-control', /\bno-store\b/, { saw, hint: 'stored' })
      },
      async 'in-the-gap'(trial) {
        const [first] = await trial.publish('one')
        const pending = await hold(trial, first?.id)
        const [second] = await trial.publish('two')
        await trial.whole(pending)
        // The clock of the server was corrected in between, so the time of the last message is smaller.
        const third = [...(await trial.publish('three')), ...(await trial.publishAt(1000, 'four'))]
        const ids = third.map(({ id }) => id).join(' and ')
        const saw = `Your server responded with ${second?.id}. ${ids} were published before the client asked again.`
        const late = { saw: `${saw} Your server did not respond:`, hint: 'not-looked' }
        const answer = await trial.get(pollOf(trial.room, second?.id, LONG_S), { late })
        expectPollStatus(answer, 200, { saw: `${saw} Your server responded:`, hint: 'not-looked' })
        const hint = (seen: string) => (seen === 'out of order' ? 'by-time' : 'not-looked')
        expectEvents(answer, third, { saw: `${saw} Your server responded:`, hint })
      },
      async 'at-once'(trial) {
        const { room, publish, get } = trial
        const [first, second] = await publish('one', 'two')
        const saw = `The client has ${first?.id}, and ${second?.id} had been published already.`
        const late = { saw: `${saw} Your server did not respond:`, hint: 'held-in-vain' }
        const answer = await get(pollOf(room, first?.id, LONG_S), { late })
        expectPollStatus(answer, 200, { saw: `${saw} Your server responded:`, hint: 'held-in-vain' })
        expectEvents(answer, second ? [second] : [], { saw: `${saw} Your server responded:`, hint: 'held-in-vain' })
        const sawNew = 'A client asked without a cursor.'
        const lateNew = { saw: `${sawNew} Your server did not respond:`, hint: 'no-cursor' }
        const fresh = await get(`/feed/${room}/long-poll`, { late: lateNew })
        expectPollStatus(fresh, 200, { saw: `${sawNew} Your server responded:`, hint: 'no-cursor' })
        const empty = trial.inRoom(`${room}-empty`)
        const sawGap = 'The client has a cursor of an older epoch, and the room has no events.'
        const lateGap = { saw: `${sawGap} Your server did not respond:`, hint: 'gap' }
        const gap = await empty.get(pollOf(empty.room, 'older.7', LONG_S), { late: lateGap })
        const textGap = { saw: `${sawGap} Your server responded:`, hint: 'gap' }
        expectPollStatus(gap, 200, textGap)
        expectField(gap, 'gap', true, textGap)
      },
      async 'after-the-answer'(trial) {
        const answered = async () => {
          const [last] = await trial.publish('last')
          const pending = await hold(trial, last?.id)
          await trial.publish('next')
          await trial.whole(pending)
        }
        // The first hold may start a timer that serves all requests.
        await answered()
        await expectFollowers(trial, 0, 'A held request got its response', 'still-followed')
        const before = await trial.timers()
        for (let i = 0; i < 3; i++) await answered()
        const more = (await trial.timers()) - before
        if (more <= 0) return
        const timers = more === 1 ? 'one timer' : `${more} timers`
        throw new Wrong({
          saw: `Three held requests got their responses. After that, ${timers} of your program still ran for them. Expected: none.`,
          hint: 'timer-runs',
        })
      },
      async 'two-clients'(trial) {
        const [first] = await trial.publish('one')
        const pending = [await hold(trial, first?.id), await hold(trial, first?.id)]
        const published = await trial.publish('two')
        const saw = `Two clients were held, and ${published[0]?.id} was published.`
        for (const [i, held] of pending.entries()) {
          const who = i === 0 ? 'The first' : 'The second'
          const late = { saw: `${saw} ${who} got no response:`, hint: 'one-place' }
          const answer = await trial.whole(held, late)
          expectPollStatus(answer, 200, { saw: `${saw} ${who} got:`, hint: 'one-place' })
          expectEvents(answer, published, { saw: `${saw} ${who} got:`, hint: 'one-place' })
        }
        await expectFollowers(trial, 0, 'Both held requests got their responses', 'one-place-to-stop')
      },
      async 'while-it-looked'(trial) {
        const { room } = trial
        const [first] = await trial.publish('one')
        await trial.publishDuringRead('two')
        const before = await trial.reads()
        const pending = trial.open(pollOf(room, first?.id, LONG_S))
        const { publishedDuringRead } = await trial.looked(before, pending)
        // A program that follows the feed without reading it first has no seam. It waits for this message.
        const event = publishedDuringRead ?? (await trial.publish('two'))[0]
        const saw = `${event?.id} was published after your server had found nothing new, and before it waited.`
        const answer = await trial.whole(pending, { saw: `${saw} Your server did not respond:`, hint: 'seam' })
        expectPollStatus(answer, 200, { saw: `${saw} Your server responded:`, hint: 'seam' })
        expectEvents(answer, event ? [event] : [], { saw: `${saw} Your server responded:`, hint: 'seam' })
        await trial.pauseReads()
        const reads = await trial.reads()
        const outdated = trial.open(pollOf(room, event?.id, LONG_S))
        await trial.looked(reads, outdated)
        const [lost] = await trial.publish('lost')
        await trial.forget(0)
        await trial.resumeReads()
        const sawGap = `${lost?.id} was published after your server had found nothing new, and the feed dropped it before your server waited. Your server`
        const gap = await trial.whole(outdated, { saw: `${sawGap} did not respond:`, hint: 'gap' })
        expectPollStatus(gap, 200, { saw: `${sawGap} responded:`, hint: 'gap' })
        expectField(gap, 'gap', true, { saw: `${sawGap} responded:`, hint: 'gap' })
      },
      async 'the-wait-it-asked-for'(trial) {
        const [first] = await trial.publish('one')
        const hints = { early: 'early', late: 'ignored', full: 'empty-list' }
        for (const waitS of [10, 2.5]) {
          const pending = await hold(trial, first?.id, waitS)
          const how = `The client asked to be held for ${waitS} s`
          const answer = await expectHoldOf(trial, pending, waitS, how, hints)
          const saw = `${how}, and nothing came. Your server responded:`
          expectHeader(answer, 'cache-control', NO_STORE, { saw, hint: 'stored' })
        }
        const before = await trial.reads()
        const pending = trial.open(pollOf(trial.room, first?.id, 0))
        await trial.looked(before, pending)
        await trial.tick(100)
        const saw = 'The client asked to be held for 0 s, and there was nothing new. Your server'
        const late = { saw: `${saw} did not respond:`, hint: 'zero' }
        await expectNothing(trial, pending, `${saw} responded:`, late, 'empty-list')
      },
      async 'no-longer-than-30'(trial) {
        const [first] = await trial.publish('one')
        const hints = { early: 'too-short', late: 'too-long', full: 'empty-list' }
        const byQuery = await hold(trial, first?.id, 3600)
        await expectHoldOf(trial, byQuery, 30, 'The client asked to be held for an hour', hints)
        const byHeader = await hold(trial, first?.id, null, { headers: { Prefer: 'wait=3600' } })
        await expectHoldOf(trial, byHeader, 30, 'The client asked with Prefer: wait=3600', hints)
      },
      async 'who-sets-the-wait'(trial) {
        const [first] = await trial.publish('one')
        const hintsOf = (hint: string) => ({ early: hint, late: hint, full: 'empty-list' })
        const silent = await hold(trial, first?.id, null)
        await expectHoldOf(trial, silent, 25, 'The client did not say how long to hold its request', hintsOf('default'))
        const preferring = await hold(trial, first?.id, null, { headers: { Prefer: 'wait=5' } })
        await expectHoldOf(trial, preferring, 5, 'The client asked with Prefer: wait=5', hintsOf('prefer'))
        const both = await hold(trial, first?.id, 15, { headers: { Prefer: 'wait=5' } })
        await expectHoldOf(trial, both, 15, 'The client asked with ?wait=15 and Prefer: wait=5', hintsOf('both'))
      },
      async 'as-many-as-it-wants'(trial) {
        const [first] = await trial.publish('one')
        const pending = await hold(trial, first?.id, LONG_S, { rest: '&limit=1' })
        const published = await trial.publish('two', 'three')
        const [next] = published
        const answers = [
          { what: 'was held', answer: await trial.whole(pending) },
          { what: 'then asked again', answer: await trial.get(`${pollOf(trial.room, first?.id, LONG_S)}&limit=1`) },
        ]
        for (const { what, answer } of answers) {
          const ids = published.map(({ id }) => id).join(' and ')
          const saw = `A client that wants at most one event ${what}, and ${ids} were published in one commit. Your server responded:`
          expectPollStatus(answer, 200, { saw, hint: 'too-many' })
          expectEvents(answer, next ? [next] : [], { saw, hint: 'too-many' })
          expectField(answer, 'more', true, { saw, hint: 'no-more' })
        }
        const saw = `A client asked with limit=0, and there were events after its cursor. Your server`
        const late = { saw: `${saw} did not respond:`, hint: 'no-more' }
        const none = await trial.get(`${pollOf(trial.room, first?.id, LONG_S)}&limit=0`, { late })
        expectPollStatus(none, 200, { saw: `${saw} responded:`, hint: 'no-more' })
        expectEvents(none, [], { saw: `${saw} responded:`, hint: 'too-many' })
        const all = await trial.publish(...Array<string>(MOST_EVENTS + 1).fill('many'))
        const most = await trial.get(`${pollOf(trial.room, published[1]?.id, LONG_S)}&limit=1000`)
        const sawMost = `A client asked with limit=1000, and ${all.length} events were new. Your server responded:`
        expectEvents(most, all.slice(0, MOST_EVENTS), { saw: sawMost, hint: 'above-the-maximum' })
      },
      async 'what-was-there'({ room, publish, get }) {
        const events = await publish('one', 'two', 'three')
        const saw = 'A client asked for the last two messages. Your server responded:'
        const latest = await get(`/feed/${room}/long-poll?last=2`)
        expectPollStatus(latest, 200, { saw, hint: 'last' })
        expectEvents(latest, events.slice(1), { saw, hint: 'last' })
        for (const [hint, query] of [
          ['no-cursor-at-all', 'after=banana'],
          ['negative', `after=${events[2]?.id}&wait=-1`],
        ] as const) {
          const saw = `A client asked with ${query}. Your server`
          const late = { saw: `${saw} did not respond:`, hint }
          const answer = await get(`/feed/${room}/long-poll?${query}`, { late })
          expectStatus(answer, 400, { saw: `${saw} responded:`, hint })
        }
      },
      async 'each-for-itself'(trial) {
        const other = trial.inRoom('constructor')
        const [first] = await trial.publish('one')
        const [otherFirst] = await other.publish('one')
        const here = await hold(trial, first?.id)
        const elsewhere = await hold(other, otherFirst?.id)
        const short = await hold(trial, first?.id, 5)
        const leaves = await hold(trial, first?.id)
        const { bytes } = await trial.sent()
        leaves.leave()
        await trial.until('one has left', async () => (await trial.sent()).bytes.size < bytes.size)
        const sawLeft = 'Four requests were held, and one client left. Your server responded to another client:'
        await expectHeld(trial, [here, elsewhere, short], sawLeft, 'not-its-client')
        await trial.tick(5450)
        const sawShort = 'A client that asked to be held for 5 s'
        const late = { saw: `${sawShort} got no response:`, hint: 'not-its-time' }
        await expectNothing(trial, short, `${sawShort} got:`, late, 'not-its-time')
        const sawTime =
          'A client asked to be held for 5 s, and another one for 30 s. After 5.45 s your server responded to both:'
        await expectHeld(trial, [here, elsewhere], sawTime, 'not-its-time')
        const published = await trial.publish('two')
        const sawHere = `Clients were held in two rooms, and ${published[0]?.id} was published in the room ${trial.room}.`
        const lateHere = { saw: `${sawHere} Your server did not respond in this room:`, hint: 'not-its-room' }
        const textHere = { saw: `${sawHere} Your server responded in this room:`, hint: 'not-its-room' }
        expectEvents(await trial.whole(here, lateHere), published, textHere)
        const sawElse = `${sawHere} Your server responded in the other room:`
        await expectHeld(trial, [elsewhere], sawElse, 'not-its-room')
        const there = await other.publish('two')
        const sawThere = `Then ${there[0]?.id} was published in the other room. Your server`
        const lateThere = { saw: `${sawThere} did not respond:`, hint: 'not-its-room' }
        const textThere = { saw: `${sawThere} responded:`, hint: 'not-its-room' }
        expectEvents(await other.whole(elsewhere, lateThere), there, textThere)
      },
      async 'a-client-that-left'(trial) {
        const [first] = await trial.publish('one')
        // The first hold may start a timer that serves all requests.
        const leaveWhileHeld = async (how: 'FIN' | 'RST') => {
          const pending = await hold(trial, first?.id)
          pending.leave(how)
          await expectFollowers(trial, 0, 'A client was held and closed its connection', 'still-held')
        }
        await leaveWhileHeld('FIN')
        const before = await trial.timers()
        await leaveWhileHeld('RST')
        const timers = (await trial.timers()) - before
        if (timers > 0)
          throw new Wrong({
            saw: 'A client was held and closed its connection, and a timer of your program still ran for it.',
            hint: 'timer-runs',
          })
        await leaveDuringRead(trial, pollOf(trial.room, first?.id, LONG_S))
        await expectFollowers(trial, 0, 'A client left while your server read the feed for it', 'left-before')
      },
      async 'if-the-feed-fails'(trial) {
        const [first] = await trial.publish('one')
        const pending = await hold(trial, first?.id)
        await trial.failFollowers()
        // Any response is right, also an error: the client asks again.
        const { ended } = await pending.answer
        if (ended !== 'late') return
        const saw = 'The feed called `failed`, because it could not continue. Your server did not respond:'
        await trial.whole(pending, { saw, hint: 'held-on' })
      },
      async goodbye(trial) {
        const over = trial.inRoom(`${trial.room}-over`)
        const [last] = await over.publish('one')
        const left = await hold(over, last?.id)
        left.leave()
        await expectFollowers(over, 0, 'A client was held and closed its connection', 'remembered')
        const short = await hold(over, last?.id, 1)
        await over.tick(1450)
        await over.whole(short)
        const woken = await hold(over, last?.id)
        const [two] = await over.publish('two')
        await over.whole(woken)
        await leaveDuringRead(over, pollOf(over.room, two?.id, LONG_S))
        const before = (await over.reads()).stoppedAgain
        const [first] = await trial.publish('one')
        const other = trial.inRoom(`${trial.room}-too`)
        const [otherFirst] = await other.publish('one')
        const pending = [await hold(trial, first?.id), await hold(trial, first?.id), await hold(other, otherFirst?.id)]
        await trial.goodbye()
        await settled(trial)
        const ended = pending.filter(({ exchange }) => exchange !== null).length
        const saw = `The server announced that it stops, while your transport held three requests. Your server`
        const late = {
          saw: `${saw} responded to ${ended === 0 ? 'none' : ended === 1 ? 'only one' : 'only two'} of them:`,
          hint: ended === 0 ? 'held-back' : 'some-only',
        }
        for (const held of pending) await expectNothing(trial, held, `${saw} responded:`, late, 'another-status')
        const again = (await over.reads()).stoppedAgain - before
        if (again === 0) return
        throw new Wrong({
          saw: `Three requests were over. Then the server announced that it stops, and your transport ended ${again} of them again.`,
          hint: 'remembered',
        })
      },
    }),
  },
]
