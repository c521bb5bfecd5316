import { expectEvents, expectHeader, expectPollStatus, shown } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Unclear, Wrong } from '../kit/finding.ts'
import { expectFollowers } from '../kit/followers.ts'
import type { Trial } from '../kit/trial.ts'
import { AT_ONCE, words } from './hints.ts'

/** Longer than any check: a request with this wait is held until something else ends it. */
const LONG_S = 30

const pollOf = (room: string, after: string | undefined, waitS: number) =>
  `/feed/${room}/long-poll?after=${after}&wait=${waitS}`

/** Opens a request, and returns it when the program holds it: it has read the feed and not responded. */
async function hold(trial: Trial, after: string | undefined, waitS = LONG_S) {
  const before = await trial.reads()
  const pending = trial.open(pollOf(trial.room, after, waitS))
  await trial.looked(before, pending)
  // An immediate response would have arrived by now.
  await trial.reads()
  if (pending.exchange) {
    const bytes = shown(await trial.whole(pending))
    const saw = 'There was nothing new, and the client was willing to wait. Your server responded:'
    throw new Wrong({ saw, bytes, at: bytes.indexOf('HTTP/1.1 '), wanted: 'no response yet', hint: AT_ONCE })
  }
  return pending
}

export const exercises: readonly Exercise[] = [
  {
    name: 'long-poll',
    // The clock stands still. A hold whose timer takes seconds for milliseconds would otherwise end before a check sees it.
    hosted: { kind: 'transport', exported: 'longPoll', isFrozen: true },
    checks: checksFrom(words['long-poll'], {
      async holds(trial) {
        const { room } = trial
        const [first] = await trial.publish('one')
        const before = await trial.reads()
        const pending = trial.open(pollOf(room, first?.id, LONG_S))
        await trial.looked(before, pending)
        const published = await trial.publish('two')
        const situation = `The client has ${first?.id} and was willing to wait. ${published[0]?.id} was published after your server had read the feed.`
        const answer = await trial.whole(pending, {
          saw: `${situation} Your server did not respond:`,
          hint: 'never-woken',
        })
        const saw = `${situation} Your server responded:`
        // If the program followed the feed, it held the request, and then sent what it had read before.
        const hasHeld = (await trial.reads()).followed > before.followed
        expectPollStatus(answer, 200, { saw, hint: hasHeld ? 'not-delivered' : 'at-once' })
        expectEvents(answer, published, { saw, hint: 'not-delivered' })
      },
      async 'in-the-gap'(trial) {
        const [first] = await trial.publish('one')
        const pending = await hold(trial, first?.id)
        const [second] = await trial.publish('two')
        await trial.whole(pending)
        const third = await trial.publish('three')
        const saw = `Your server responded with ${second?.id}. ${third[0]?.id} was published before the client asked again.`
        const late = { saw: `${saw} Your server did not respond:`, hint: 'not-looked' }
        const answer = await trial.get(pollOf(trial.room, second?.id, LONG_S), { late })
        expectPollStatus(answer, 200, { saw: `${saw} Your server responded:`, hint: 'not-looked' })
        expectEvents(answer, third, { saw: `${saw} Your server responded:`, hint: 'not-looked' })
      },
      async 'at-once'({ room, publish, get }) {
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
      },
      async 'after-the-answer'(trial) {
        const [first] = await trial.publish('one')
        const pending = await hold(trial, first?.id)
        await trial.publish('two')
        await trial.whole(pending)
        await expectFollowers(trial, 0, 'A held request got its response', 'still-followed')
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
      },
      async 'the-wait-it-asked-for'(trial) {
        const [first] = await trial.publish('one')
        const pending = await hold(trial, first?.id, 10)
        await trial.tick(8000)
        await trial.reads()
        const saw = 'The client asked to be held for 10 s, and nothing came.'
        if (pending.exchange)
          throw new Wrong({
            saw: `${saw} Your server responded after 8 s or less:`,
            bytes: shown(pending.exchange),
            hint: 'early',
          })
        await trial.tick(2500)
        const late = { saw: `${saw} After 10.5 s there was still no response:`, hint: 'ignored' }
        const answer = await trial.whole(pending, late)
        expectPollStatus(answer, 204, { saw: `${saw} Your server responded:`, hint: 'empty-list' })
      },
      async 'no-longer-than-30'(trial) {
        const [first] = await trial.publish('one')
        const pending = await hold(trial, first?.id, 3600)
        await trial.tick(31_000)
        const saw = 'The client asked to be held for an hour, and nothing came.'
        const late = { saw: `${saw} After 31 s the request was still held:`, hint: 'too-long' }
        const answer = await trial.whole(pending, late)
        expectPollStatus(answer, 204, { saw: `${saw} Your server responded:`, hint: 'too-long' })
        expectHeader(answer, 'preference-applied', 'wait=30', {
          saw: `${saw} Your server responded:`,
          hint: 'not-said',
        })
      },
      async 'a-client-that-left'(trial) {
        const [first] = await trial.publish('one')
        for (const how of ['FIN', 'RST'] as const) {
          const pending = await hold(trial, first?.id)
          if ((await trial.reads()).following === 0) throw new Unclear('The request is held without feed.follow.')
          pending.leave(how)
          await expectFollowers(trial, 0, 'A client was held and closed its connection', 'still-held')
        }
      },
      async goodbye(trial) {
        const [first] = await trial.publish('one')
        const pending = await hold(trial, first?.id)
        await trial.goodbye()
        const saw = 'The server announced that it stops, while your transport held a request.'
        const answer = await trial.whole(pending, {
          saw: `${saw} Your server did not respond:`,
          hint: 'held-back',
        })
        expectPollStatus(answer, 204, { saw: `${saw} Your server responded:`, hint: 'held-back' })
      },
    }),
  },
]
