import { createParser } from 'eventsource-parser'
import type { EventSourceMessage } from 'eventsource-parser'
import { readStream } from '../kit/event-stream.ts'
import { expectHeader, expectStatus, shown } from '../kit/expect.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Unclear, Wrong } from '../kit/exercise.ts'
import { through } from '../kit/proxy.ts'
import type { Collector, Manners, Proxied } from '../kit/proxy.ts'
import type { Trial } from '../kit/trial.ts'

/** As a mobile network or a load balancer may do it; nginx waits for a minute. */
const IDLE_CUT_MS = 30_000

const HEADERS = ['content-type', 'cache-control', 'x-accel-buffering', 'content-encoding']

/** A stream through a proxy, which the program is known to serve by now. */
async function stream(trial: Trial, manners: Manners = {}): Promise<Proxied> {
  const before = (await trial.reads()).followed
  const proxied = await through(trial, `/feed/${trial.room}/sse`, manners)
  const { client } = proxied
  await trial.until('the stream follows the room', async () => {
    return client.exchange !== null || (await trial.reads()).followed > before
  })
  if (client.exchange) {
    await trial.whole(client)
    throw new Unclear('The stream ended before anything was published.')
  }
  return proxied
}

/** What a client behind a proxy that collects gets of a message, and what keeps it. */
async function expectLetThrough(trial: Trial, collects: Collector, hint: (value?: string) => string) {
  await using proxied = await stream(trial, { collects })
  const [event] = await trial.publish('hello')
  const id = `id: ${event?.id}\n`
  await trial.until('the message is at the proxy', () => proxied.answer.body.includes(id))
  if (proxied.heldBytes === 0) return
  const name = collects === 'nginx' ? 'x-accel-buffering' : 'cache-control'
  const { answer } = proxied
  // Without the body: what a proxy goes by is the head.
  const bytes = shown({ ...answer, body: '' }, HEADERS)
  const line = bytes.indexOf(`\n${name}: `)
  throw new Wrong({
    saw: 'A message was published. It is at the proxy, which holds it, and the client has got nothing. This is the head that the proxy goes by:',
    bytes,
    at: line < 0 ? bytes.indexOf(answer.statusLine) + answer.statusLine.length : line + name.length + 3,
    wanted: line < 0 ? 'and a field for this proxy' : 'a word that this proxy obeys',
    hint: hint(answer.headers[name]),
  })
}

/** What a browser would tell the page of these bytes. */
function toldBy(body: string): readonly EventSourceMessage[] {
  const told: EventSourceMessage[] = []
  createParser({ onEvent: (message) => told.push(message) }).feed(body)
  return told
}

export const exercises: readonly Exercise[] = [
  {
    name: 'sse',
    hosted: { kind: 'transport', exported: 'sse', isFrozen: true },
    beside: 'tabs',
    checks: [
      {
        name: 'through-a-buffer',
        title: 'Reaches a client behind a proxy that collects answers',
        hints: {
          collected: [
            'The message got as far as the proxy, and no further: the proxy waits for more.',
            'Look at the fields that you send before the first event. nginx reads one that was made for this.',
            'A proxy cannot see that an answer is meant to be read while it grows. Collecting is right for pages and wrong for streams, so a stream has to say that it is one.',
          ],
          'another-value': [
            'The field for the proxy is there, and its value is not the one that the proxy knows.',
            'Look at the value: the field asks whether to buffer.',
            'A field that is misspelt is no error on the web. Whoever does not understand it passes it by, and nobody is told.',
          ],
        },
        async run(trial) {
          const hint = (value?: string) => (value === undefined ? 'collected' : 'another-value')
          await expectLetThrough(trial, 'nginx', hint)
        },
      },
      {
        name: 'through-a-compressor',
        title: 'Reaches a client behind a proxy that compresses',
        hints: {
          compressed: [
            'The message got as far as the proxy, which compresses answers and waits for enough to compress.',
            'Look at the field that speaks to caches: it can also forbid that the content is changed on its way.',
            'Compressing looks back over what came before and gives out a block when it is full. A proxy may do so with every answer, unless the answer says that it may not be transformed (RFC 9111, section 5.2.2.6).',
          ],
          stored: [
            'The stream gets through, and a cache may keep it and play it to the next client.',
            'Look at the value of the field for caches: is what stood there before still among it?',
            'Several directives stand in one field, with commas between them. Each says one thing, and none includes another.',
          ],
        },
        async run(trial) {
          await expectLetThrough(trial, 'compressor', () => 'compressed')
          await using proxied = await stream(trial)
          await trial.until('the head is here', () => proxied.client.soFar.status > 0)
          expectHeader({ ...proxied.client.soFar, body: '' }, 'cache-control', /no-store|no-cache/i, {
            saw: 'The head of your answer:',
            hint: 'stored',
          })
        },
      },
      {
        name: 'through-silence',
        title: 'Keeps a quiet connection alive through a proxy that cuts idle ones',
        hints: {
          silent: [
            'Nobody published anything, so you sent nothing; the proxy took the connection for dead and cut it.',
            'Look at what you do for a client while there is no news for it.',
            'To a proxy a quiet stream and a dead one look the same. A few bytes now and then tell them apart: a heartbeat.',
          ],
          'too-slow': [
            'You sent a heartbeat, and by then the proxy had cut the connection.',
            'Look at the interval, and at its unit.',
            'A heartbeat has to be faster than the most impatient proxy on the way, whom you do not know. The standard advises 15 seconds or so (WHATWG HTML, section 9.2.7).',
          ],
          once: [
            'You kept the connection for a while, then fell silent, and the proxy cut it.',
            'Look at what starts your heartbeat: does it go on after the first?',
            'A timeout fires once. A stream may be quiet for hours.',
          ],
        },
        async run(trial) {
          await using patient = await stream(trial)
          await using proxied = await stream(trial, { idleCutMs: IDLE_CUT_MS })
          await patient.wait(0)
          await proxied.wait(0)
          const first = patient.answer.body.length
          const before = proxied.answer.body.length
          await proxied.wait(4 * IDLE_CUT_MS)
          if (proxied.cutAtMs === null) return
          const isOnce = proxied.answer.body.length > before
          await patient.wait(4 * IDLE_CUT_MS)
          const isSlow = patient.answer.body.length > first
          throw new Wrong({
            saw: `Nothing was published. After ${proxied.cutAtMs / 1000} s the proxy cut the connection, on which nobody had said a word for ${IDLE_CUT_MS / 1000} s. This is all that the client ever got:`,
            bytes: shown(proxied.client.soFar),
            at: shown(proxied.client.soFar).length,
            wanted: 'something, every now and then',
            hint: isOnce ? 'once' : isSlow ? 'too-slow' : 'silent',
          })
        },
      },
      {
        name: 'a-heartbeat-says-nothing',
        title: 'Tells the page nothing by a heartbeat',
        hints: {
          'an-event': [
            'Nothing was published, and the page was told of an event.',
            'Look at how the line of your heartbeat begins: which lines does a browser throw away?',
            'A line that begins with a colon is a comment: bytes on the wire, and nothing for the page. Data, however short, is an event.',
          ],
          'an-event-of-its-own': [
            'Nothing was published, and an event of a type of its own was dispatched for each heartbeat.',
            'Look at the lines of your heartbeat: is there a data field among them? An empty one is one, too.',
            'That nobody listens for a type does not make it a comment. One data line, even without a value, and the browser makes an event of it, and every other client hands it to its program (WHATWG HTML, section 9.2.6).',
          ],
          'takes-the-id': [
            'Nothing was published, and the client that knew where it stands does not know it any more.',
            'Look at the fields of your heartbeat: what does an id do that has no value?',
            'An id counts without any data, and an empty one takes back the last. Who is cut off behind such a heartbeat comes back without Last-Event-ID, and loses what was published meanwhile.',
          ],
          glued: [
            'A message behind a heartbeat was told to the page without its own id, or not at all.',
            'Look at how your heartbeat ends.',
            'A comment goes on until its line ends. What follows in the same line is part of the comment.',
          ],
        },
        async run(trial) {
          await using proxied = await stream(trial)
          await proxied.wait(0)
          const first = readStream(proxied.answer.body)
          await proxied.wait(2 * IDLE_CUT_MS)
          const quiet = proxied.answer
          const { events, lastEventId } = readStream(quiet.body)
          const bytes = shown(quiet)
          const bodyAt = bytes.length - quiet.body.trimEnd().length
          const [surprise] = events
          if (surprise) {
            const { type, data, at } = surprise
            const isMessage = type === 'message'
            const what = isMessage ? 'a message' : `an event of the type ${JSON.stringify(type)}`
            throw new Wrong({
              saw: `Nothing was published for a minute. The page was told of ${what}, whose data is ${JSON.stringify(data)}. You sent:`,
              bytes,
              at: bodyAt + at,
              wanted: 'a comment',
              hint: isMessage ? 'an-event' : 'an-event-of-its-own',
            })
          }
          if (lastEventId !== first.lastEventId)
            throw new Wrong({
              saw: `Nothing was published for a minute. At its beginning the client would have come back with Last-Event-ID: ${first.lastEventId}; now with ${JSON.stringify(lastEventId)}. You sent:`,
              bytes,
              at: bodyAt + first.openAt,
              wanted: 'a comment',
              hint: 'takes-the-id',
            })
          const [event] = await trial.publish('hello')
          await trial.until('the message has come', () => proxied.answer.body.includes('"hello"'))
          const { body } = proxied.answer
          const [told] = toldBy(body).filter(({ data }) => data.includes('"hello"'))
          if (told?.id === event?.id) return
          const all = shown(proxied.answer)
          throw new Wrong({
            saw: `After a minute of heartbeats ${event?.id} was published. The page was told ${told ? 'of it under another id' : 'nothing'}. You sent:`,
            bytes: all,
            at: Math.max(0, all.indexOf(`id: ${event?.id}`)),
            wanted: 'a line of its own',
            hint: 'glued',
          })
        },
      },
      {
        name: 'a-heart-that-stops',
        title: 'Ends the heartbeat with the connection',
        hints: {
          'beats-on': [
            'The client has left, and you go on writing to it.',
            'Look at what you do when the stream is closed: what was started beside it?',
            'What starts has to be stopped. A timer keeps all that it uses alive: the stream, its buffers, its client. One is left behind by each visit.',
          ],
        },
        async run(trial) {
          await using left = await stream(trial)
          await using stays = await stream(trial)
          await stays.wait(1000)
          left.client.leave('RST')
          await trial.until('one has left', async () => (await trial.reads()).following === 1)
          const before = (await trial.sent()).toNobody
          await stays.wait(2 * IDLE_CUT_MS)
          const times = (await trial.sent()).toNobody - before
          if (times === 0) return
          const saw = `A client was served for a second and left. In the minute after that you wrote ${times} times to clients that are gone.`
          throw new Wrong({ saw, hint: 'beats-on' })
        },
      },
      {
        name: 'stays-away',
        title: 'Says 204 to a client that has all that it wanted',
        hints: {
          'comes-back': [
            'The client has everything up to the last event that it wanted, and came back. You opened another stream.',
            'Look at the two positions that the request holds: what the client has, and where it wants to end.',
            'To a browser the end of a stream is an accident: it reconnects, for ever. A 204 is how a server says that there is nothing to come back for (WHATWG HTML, section 9.2).',
          ],
          'an-error': [
            'The client had all that it wanted, and was told that something is wrong.',
            'Look at the status: whose mistake would that be?',
            'Any status but 200 makes a browser give up. 204 says that all is well; logs, monitors and other clients, which come back after an error, understand that too.',
          ],
          'too-early': [
            'The client came back for the rest of a recording, and was told that there is none.',
            'Look at your condition for 204: is it about this client’s position, or about something that every client of a recording has?',
            'A connection can be cut in the middle. Who comes back with an earlier id still has something to get.',
          ],
          'as-text': [
            'The client wanted ten messages and had nine, and you took it for one that has all of them.',
            'Look at how you compare the two positions.',
            'A cursor is a name and no number: as text, 9 comes behind 10. Whether two are the same is all that can be asked.',
          ],
          'not-for-you': [
            'The client asked for no end, and was sent away.',
            'Look at your condition for 204 where the request has no `until`.',
            'A feed goes on. Having everything is a reason to wait there, unless the client has said where it wants to stop.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const events = await trial.publish(...'abcdefghijk')
          const [, second, third] = events
          const [ninth, tenth, last] = events.slice(8)
          const target = `/feed/${room}/sse?after=0&until=${third?.id}`
          const asked = async (position: string | undefined, at = target) => {
            const pending = trial.open(at, { headers: position === undefined ? {} : { 'Last-Event-ID': position } })
            await trial.until('there is an answer', () => pending.exchange !== null || pending.soFar.status > 0)
            return pending.soFar.status === 200 ? pending.soFar : trial.whole(pending)
          }
          const rest = await asked(second?.id)
          const sawRest = `A client that wanted everything up to ${third?.id} was cut behind ${second?.id} and came back with Last-Event-ID: ${second?.id}. You answered:`
          expectStatus({ ...rest, body: '' }, 200, { saw: sawRest, hint: 'too-early' })
          const ofTen = await asked(ninth?.id, `/feed/${room}/sse?after=0&until=${tenth?.id}`)
          const sawTen = `A client that wanted everything up to ${tenth?.id} came back with Last-Event-ID: ${ninth?.id}. You answered:`
          expectStatus({ ...ofTen, body: '' }, 200, { saw: sawTen, hint: 'as-text' })
          const live = await asked(last?.id, `/feed/${room}/sse`)
          const sawLive = `A client came back with Last-Event-ID: ${last?.id}, which is the last event there is, and it wants no end. You answered:`
          expectStatus({ ...live, body: '' }, 200, { saw: sawLive, hint: 'not-for-you' })
          const all = await asked(third?.id)
          const sawAll = `A client wanted everything up to ${third?.id}, has got it, and came back with Last-Event-ID: ${third?.id}. You answered:`
          const hint = all.status >= 400 ? 'an-error' : 'comes-back'
          expectStatus({ ...all, body: '' }, 204, { saw: sawAll, hint })
        },
      },
    ],
  },
]
