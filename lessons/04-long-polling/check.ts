import { expectEvents, expectHeader, expectStatus, shown } from '../kit/expect.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Unclear, Wrong } from '../kit/exercise.ts'
import type { Trial } from '../kit/trial.ts'

/** Longer than any check: whoever is held so long is held until something ends it. */
const LONG_S = 30

const pollOf = (room: string, after: string | undefined, waitS: number) =>
  `/feed/${room}/long-poll?after=${after}&wait=${waitS}`

/** A request that the program is known to hold: it has looked, found nothing, and not answered. */
async function hold(trial: Trial, after: string | undefined, waitS = LONG_S) {
  const before = await trial.reads()
  const pending = trial.open(pollOf(trial.room, after, waitS))
  await trial.looked(before, pending)
  // What an answer at once would be is on its way here by now.
  await trial.reads()
  if (pending.exchange) throw new Unclear('The request was not held, which an earlier check is about.')
  return pending
}

/** Resolves when nobody follows the room any more. */
async function nobodyFollows(trial: Trial, what: string, hint: string) {
  const gone = trial.until('nobody follows', async () => (await trial.reads()).following === 0)
  const still = await gone.then(
    () => 0,
    async () => (await trial.reads()).following,
  )
  if (still === 0) return
  const saw = `${what}, and ${still === 1 ? 'one listener' : `${still} listeners`} of yours still followed the feed.`
  throw new Wrong({ saw, hint })
}

export const exercises: readonly Exercise[] = [
  {
    name: 'long-poll',
    // A hold whose timer takes seconds for milliseconds is over before anybody has looked, but not where time stands still.
    hosted: { kind: 'transport', exported: 'longPoll', isFrozen: true },
    checks: [
      {
        name: 'holds',
        title: 'Holds the request while there is nothing, and answers with what comes',
        hints: {
          'at-once': [
            'Nothing was new, and you answered at once instead of waiting.',
            'Look at what hold does before it resolves: what is it waiting for?',
            'In long polling the pause sits on the server. An answer that says "nothing" at once makes the client ask again at once, as fast as it can.',
          ],
          'not-delivered': [
            'A message was published while you held the request, and the answer does not hold it.',
            'Look at what follows hold: the news that was found before it is an old answer by then.',
            'A hold ends because something happened. What that was has to be looked up when it is over.',
          ],
          'never-woken': [
            'A message was published while you held the request, and the request was not answered.',
            'Look at what the feed calls when something is published, and at what that does for the hold.',
            'Holding is waiting for several things at once: news is the first of them.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const [first] = await trial.publish('one')
          const before = await trial.reads()
          const pending = trial.open(pollOf(room, first?.id, LONG_S))
          await trial.looked(before, pending)
          const published = await trial.publish('two')
          const told = `The client has ${first?.id} and was willing to wait. ${published[0]?.id} was published after you had looked.`
          const answer = await trial.whole(pending, {
            saw: `${told} You did not answer:`,
            hint: 'never-woken',
          })
          const saw = `${told} You answered:`
          // Whoever began to follow has held it, and then told what was found before.
          const hasHeld = (await trial.reads()).followed > before.followed
          expectStatus(answer, 200, { saw, hint: hasHeld ? 'not-delivered' : 'at-once' })
          expectEvents(answer, published, { saw, hint: 'not-delivered' })
        },
      },
      {
        name: 'in-the-gap',
        title: 'Delivers what was published between an answer and the next request',
        hints: {
          'not-looked': [
            'A message came while no request was waiting, and the next request did not bring it.',
            'Look at what you do first with a request: do you look behind its cursor before you wait?',
            'Between an answer and the next request nobody asks: the blind gap. The cursor says what the client has, so that the gap loses nothing.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const pending = await hold(trial, first?.id)
          const [second] = await trial.publish('two')
          await trial.whole(pending)
          const third = await trial.publish('three')
          const saw = `You answered with ${second?.id}. ${third[0]?.id} was published before the client asked again.`
          const late = { saw: `${saw} You did not answer:`, hint: 'not-looked' }
          const answer = await trial.get(pollOf(trial.room, second?.id, LONG_S), { late })
          expectStatus(answer, 200, { saw: `${saw} You answered:`, hint: 'not-looked' })
          expectEvents(answer, third, { saw: `${saw} You answered:`, hint: 'not-looked' })
        },
      },
      {
        name: 'at-once',
        title: 'Answers at once where there is something already',
        hints: {
          'held-in-vain': [
            'There was something to say, and the client was made to wait.',
            'Look at the condition for holding: is it asked before hold is called?',
            'A long poll is a short poll that may wait. Where there is news it does not.',
          ],
          'no-cursor': [
            'A client without a cursor was not given one.',
            'Look at the condition for 204: a client without a cursor came to get one.',
            'The first answer tells a client where "now" is. It holds no events and a cursor.',
          ],
        },
        async run({ room, publish, get }) {
          const [first, second] = await publish('one', 'two')
          const saw = `The client has ${first?.id}, and ${second?.id} was there already.`
          const late = { saw: `${saw} You did not answer:`, hint: 'held-in-vain' }
          const answer = await get(pollOf(room, first?.id, LONG_S), { late })
          expectStatus(answer, 200, { saw: `${saw} You answered:`, hint: 'held-in-vain' })
          expectEvents(answer, second ? [second] : [], { saw: `${saw} You answered:`, hint: 'held-in-vain' })
          const sawNew = 'A client came without a cursor.'
          const lateNew = { saw: `${sawNew} You did not answer:`, hint: 'no-cursor' }
          const fresh = await get(`/feed/${room}/long-poll`, { late: lateNew })
          expectStatus(fresh, 200, { saw: `${sawNew} You answered:`, hint: 'no-cursor' })
        },
      },
      {
        name: 'after-the-answer',
        title: 'Follows the feed no longer when the request is answered',
        hints: {
          'still-followed': [
            'The requests were answered, and something of theirs still listens to the feed.',
            'Look at what feed.follow gives back, and at who calls it.',
            'What starts has to be stopped. One listener left behind by every request makes each publish slower than the one before.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const pending = await hold(trial, first?.id)
          await trial.publish('two')
          await trial.whole(pending)
          await nobodyFollows(trial, 'A held request was answered', 'still-followed')
        },
      },
      {
        name: 'two-clients',
        title: 'Holds several clients at once, and answers all of them',
        hints: {
          'one-place': [
            'Two clients were held in one room, a message came, and only one of them was told.',
            'Look at where you keep what a held request needs: is there one place for all, or one for each?',
            'A held request is a client that waits. There may be thousands, and each has a cursor, a timer and an end of its own.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const pending = [await hold(trial, first?.id), await hold(trial, first?.id)]
          const published = await trial.publish('two')
          const saw = `Two clients were held, and ${published[0]?.id} was published.`
          for (const [i, held] of pending.entries()) {
            const who = i === 0 ? 'The first' : 'The second'
            const late = { saw: `${saw} ${who} was not answered:`, hint: 'one-place' }
            const answer = await trial.whole(held, late)
            expectStatus(answer, 200, { saw: `${saw} ${who} was answered:`, hint: 'one-place' })
            expectEvents(answer, published, { saw: `${saw} ${who} was answered:`, hint: 'one-place' })
          }
        },
      },
      {
        name: 'while-it-looked',
        title: 'Loses nothing between looking and waiting',
        hints: {
          seam: [
            'A message was published after you had looked and before you waited; it woke nobody.',
            'Look at the cursor from which you follow: is it the one that the client has, or a newer one?',
            'Looking and waiting are two steps, and the world goes on in between. Wait from the very place that you looked at, and there is no seam.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const [first] = await trial.publish('one')
          await trial.ambush('two')
          const before = await trial.reads()
          const pending = trial.open(pollOf(room, first?.id, LONG_S))
          const { ambushed } = await trial.looked(before, pending)
          // Where it follows without a look there is no seam: then this is the message that it waits for.
          const event = ambushed ?? (await trial.publish('two'))[0]
          const saw = `${event?.id} was published when you had found nothing new and did not wait yet.`
          const answer = await trial.whole(pending, { saw: `${saw} You did not answer:`, hint: 'seam' })
          expectStatus(answer, 200, { saw: `${saw} You answered:`, hint: 'seam' })
          expectEvents(answer, event ? [event] : [], { saw: `${saw} You answered:`, hint: 'seam' })
        },
      },
      {
        name: 'the-wait-it-asked-for',
        title: 'Says 204 when the wait that the client asked for is over',
        hints: {
          ignored: [
            'The wait that the client had asked for was over, and you still held the request.',
            'Look at where the time of your timer comes from.',
            'The client knows what is between it and you: how long a proxy, a phone or a battery lets it wait.',
          ],
          'empty-list': [
            'The wait was over, and your answer said "nothing" at length.',
            'Look at what you return when the hold has brought nothing.',
            'Most long polls on a quiet feed end like this. 204 No Content says so in the fewest bytes; the client keeps its cursor.',
          ],
          early: [
            'The client was willing to wait, and you gave up long before.',
            'Look at the unit of your timer: the request speaks of seconds.',
            'Every empty answer costs a request. Held for the whole wait, a quiet client costs two a minute.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const pending = await hold(trial, first?.id, 10)
          await trial.tick(8000)
          await trial.reads()
          const saw = 'The client asked to be held for 10 s, and nothing came.'
          if (pending.exchange)
            throw new Wrong({
              saw: `${saw} You answered after 8 s or less:`,
              bytes: shown(pending.exchange),
              hint: 'early',
            })
          await trial.tick(2500)
          const late = { saw: `${saw} After 10.5 s there was still no answer:`, hint: 'ignored' }
          const answer = await trial.whole(pending, late)
          expectStatus(answer, 204, { saw: `${saw} You answered:`, hint: 'empty-list' })
        },
      },
      {
        name: 'no-longer-than-30',
        title: 'Holds nobody for more than 30 s, and says so',
        hints: {
          'too-long': [
            'The client asked to be held for an hour, and you agreed.',
            'Look at what limits the wait: the file has a name for it.',
            'Proxies cut what is silent for a minute (RFC 6202, section 5.5, advises 30 s). A hold that outlives them ends as an error, and the client cannot tell why.',
          ],
          'not-said': [
            'The client was held for less than it asked for, and was told something else.',
            'Look at the value of the header: is it the wait that was asked for, or the one that counts?',
            'Preference-Applied (RFC 7240, section 3) tells a client which of its wishes was granted, and how.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const pending = await hold(trial, first?.id, 3600)
          await trial.tick(31_000)
          const saw = 'The client asked to be held for an hour, and nothing came.'
          const late = { saw: `${saw} After 31 s it was still held:`, hint: 'too-long' }
          const answer = await trial.whole(pending, late)
          expectStatus(answer, 204, { saw: `${saw} You answered:`, hint: 'too-long' })
          expectHeader(answer, 'preference-applied', 'wait=30', { saw: `${saw} You answered:`, hint: 'not-said' })
        },
      },
      {
        name: 'a-client-that-left',
        title: 'Forgets a client that has left',
        hints: {
          'still-held': [
            'The client closed its connection, and you went on holding its request.',
            'Look for what tells you that a client has gone: the response has an event for it.',
            'Nobody says goodbye on the web. Pages are closed and phones lose their network; who does not notice collects dead clients.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          for (const how of ['FIN', 'RST'] as const) {
            const pending = await hold(trial, first?.id)
            if ((await trial.reads()).following === 0)
              throw new Unclear('The request is held by something other than feed.follow.')
            pending.leave(how)
            await nobodyFollows(trial, 'A client was held and closed its connection', 'still-held')
          }
        },
      },
      {
        name: 'goodbye',
        title: 'Lets go of all whom it holds when the server stops',
        hints: {
          'held-back': [
            'The server was about to stop, and you did not let go of those you held.',
            'Look at the function that serve returns, and at whether hold puts anything where it looks.',
            'A server that stops waits for its open requests. Answered now, the clients come back to the next one with their cursors.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const pending = await hold(trial, first?.id)
          await trial.goodbye()
          const saw = 'The server said goodbye while you held a request.'
          const answer = await trial.whole(pending, {
            saw: `${saw} You did not answer:`,
            hint: 'held-back',
          })
          expectStatus(answer, 204, { saw: `${saw} You answered:`, hint: 'held-back' })
        },
      },
    ],
  },
]
