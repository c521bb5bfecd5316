import { createParser } from 'eventsource-parser'
import type { EventSourceMessage } from 'eventsource-parser'
import { readStream } from '../kit/event-stream.ts'
import { expectHeader, expectStatus, shown } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import { expectFollowers } from '../kit/followers.ts'
import { expectStreamsToEnd, leaveDuringRead } from '../kit/parting.ts'
import { through } from '../kit/proxy.ts'
import type { Collector, ProxyOptions, Proxied } from '../kit/proxy.ts'
import { expectEventStream, expectMessages, openStream, taken } from '../kit/stream.ts'
import type { Stream } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'
import { ENDS_AT_ONCE, NOT_SENT, NOT_SERVED, words } from './hints.ts'

/** A limit that a mobile network or a load balancer may have; nginx waits for a minute. */
const IDLE_CUT_MS = 30_000

/** At most one heartbeat in each of these seconds. */
const SECONDS = 32

const HEADERS = ['content-type', 'cache-control', 'x-accel-buffering', 'content-encoding']

/** Opens a stream through a proxy, and returns it when the program serves it. */
async function stream(trial: Trial, options: ProxyOptions = {}): Promise<Proxied> {
  const before = (await trial.reads()).followed
  const proxied = await through(trial, `/feed/${trial.room}/sse`, options)
  const { client } = proxied
  const isServed = async () => client.exchange !== null || (await trial.reads()).followed > before
  const isOver = !(await trial.until('the stream follows the room', isServed).catch(() => false))
  const saw = 'A client without a position asked for the stream.'
  if (client.exchange) {
    const bytes = shown(await trial.whole(client))
    const found = { saw: `${saw} Your server ended its response at once:`, bytes, at: bytes.length }
    throw new Wrong({ ...found, wanted: 'an open stream', hint: ENDS_AT_ONCE })
  }
  if (!isOver) return proxied
  const bytes = shown(client.soFar)
  const late = { saw: `${saw} Your server did not begin to follow the feed for it:`, bytes, at: bytes.length }
  throw new Late({ ...late, wanted: 'a stream', hint: NOT_SERVED })
}

/** Resolves when the program has sent this part of a message. */
async function expectSent(trial: Trial, proxied: Proxied, part: string): Promise<void> {
  const isSent = () => proxied.answer.body.includes(part)
  if (await trial.until('the message has come', isSent).catch(() => false)) return
  const bytes = shown(proxied.answer)
  const saw = 'A message was published. Your server sent only this:'
  throw new Late({ saw, bytes, at: bytes.length, wanted: part.trimEnd(), hint: NOT_SENT })
}

/** Publishes a message, and throws `Wrong` if the proxy holds it back. */
async function expectLetThrough(trial: Trial, collects: Collector, hint: (value?: string) => string) {
  await using proxied = await stream(trial, { collects })
  const [event] = await trial.publish('hello')
  await expectSent(trial, proxied, `id: ${event?.id}\n`)
  if (proxied.heldBytes === 0) return
  const name = collects === 'nginx' ? 'x-accel-buffering' : 'cache-control'
  const { answer } = proxied
  // The body is left out, because a proxy decides by the head.
  const bytes = shown({ ...answer, body: '' }, HEADERS)
  const line = bytes.indexOf(`\n${name}: `)
  throw new Wrong({
    saw: 'A message was published. It reached the proxy, which holds it back, so the client received nothing. The proxy decided by this head:',
    bytes,
    at: line < 0 ? bytes.indexOf(answer.statusLine) + answer.statusLine.length : line + name.length + 3,
    wanted: line < 0 ? 'and a header for this proxy' : 'a value that this proxy obeys',
    hint: hint(answer.headers[name]),
  })
}

/** Messages that a browser would deliver to the page for these bytes. */
function messagesIn(body: string): readonly EventSourceMessage[] {
  const messages: EventSourceMessage[] = []
  createParser({ onEvent: (message) => messages.push(message) }).feed(body)
  return messages
}

/** Expects that heartbeats continue after a message, and that there are not too many. */
async function expectRegular(trial: Trial): Promise<void> {
  await using proxied = await stream(trial, { idleCutMs: IDLE_CUT_MS })
  await trial.publish('hello')
  const count = () => proxied.answer.body.match(/^:/gm)?.length ?? 0
  for (let second = 0; second < SECONDS; second++) {
    const before = count()
    await proxied.wait(1000)
    const more = count() - before
    // Two heartbeats that are a second apart can fall into the same second.
    if (more > 2)
      throw new Wrong({
        saw: `Three clients were connected. Within a second, your server wrote ${more} heartbeats to one of them.`,
        hint: 'too-often',
      })
  }
  await proxied.wait(4 * IDLE_CUT_MS)
  if (proxied.cutAtMs === null) return
  const bytes = shown(proxied.client.soFar)
  const saw = `A message was published, and then nothing. The proxy cut the connection after ${IDLE_CUT_MS / 1000} s of silence. The client received:`
  throw new Wrong({ saw, bytes, at: bytes.length, wanted: 'a few bytes, regularly', hint: 'after-a-message' })
}

export const exercises: readonly Exercise[] = [
  {
    name: 'sse',
    hosted: { kind: 'transport', exported: 'sse', isFrozen: true },
    companion: 'tabs',
    checks: checksFrom(words.sse, {
      async 'through-a-buffer'(trial) {
        const hint = (value?: string) => (value === undefined ? 'collected' : 'another-value')
        await expectLetThrough(trial, 'nginx', hint)
      },
      async 'through-a-compressor'(trial) {
        await expectLetThrough(trial, 'compressor', () => 'compressed')
        await using proxied = await stream(trial)
        await trial.until('the head is here', () => proxied.client.soFar.status > 0)
        expectHeader(
          { ...proxied.client.soFar, body: '' },
          'cache-control',
          /(?:^|,)\s*no-(?:store|cache)\s*(?:,|$)/i,
          {
            saw: 'The head of your response:',
            hint: 'stored',
          },
        )
      },
      async 'through-silence'(trial) {
        await using patient = await stream(trial)
        await using proxied = await stream(trial, { idleCutMs: IDLE_CUT_MS })
        await patient.wait(0)
        await proxied.wait(0)
        const first = patient.answer.body.length
        const before = proxied.answer.body.length
        await proxied.wait(4 * IDLE_CUT_MS)
        await patient.wait(0)
        const isOnce = proxied.answer.body.length > before
        const isOther = patient.answer.body.length > first
        if (isOther !== isOnce)
          throw new Wrong({
            saw: 'Two clients were connected, and nothing was published. Only one of them received bytes.',
            hint: 'one-client',
          })
        if (proxied.cutAtMs === null) return await expectRegular(trial)
        await patient.wait(4 * IDLE_CUT_MS)
        const isSlow = patient.answer.body.length > first
        throw new Wrong({
          saw: `Nothing was published. After ${proxied.cutAtMs / 1000} s the proxy cut the connection, because it had been idle for ${IDLE_CUT_MS / 1000} s. The client received only this:`,
          bytes: shown(proxied.client.soFar),
          at: shown(proxied.client.soFar).length,
          wanted: 'a few bytes, regularly',
          hint: isOnce ? 'once' : isSlow ? 'too-slow' : 'silent',
        })
      },
      async 'a-heartbeat-says-nothing'(trial) {
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
          const what = isMessage ? 'a message' : `an event of type ${JSON.stringify(type)}`
          throw new Wrong({
            saw: `Nothing was published for a minute. The page received ${what} with the data ${JSON.stringify(data)}. Your server sent:`,
            bytes,
            at: bodyAt + at,
            wanted: 'a comment',
            hint: isMessage ? 'an-event' : 'an-event-of-its-own',
          })
        }
        if (lastEventId !== first.lastEventId)
          throw new Wrong({
            saw: `Nothing was published for a minute. At first the client would have reconnected with Last-Event-ID: ${first.lastEventId}. Now it would reconnect with ${JSON.stringify(lastEventId)}. Your server sent:`,
            bytes,
            at: bodyAt + first.openAt,
            wanted: 'a comment',
            hint: 'takes-the-id',
          })
        const { retry } = readStream(quiet.body)
        if (retry?.value !== first.retry?.value)
          throw new Wrong({
            saw: `Nothing was published for a minute. At first the client would have waited for ${first.retry?.value ?? 'its own number of'} ms before it reconnects. Now it would wait for ${retry?.value} ms. Your server sent:`,
            bytes,
            at: bodyAt + (retry?.at ?? 0),
            wanted: 'a comment',
            hint: 'takes-the-time',
          })
        const [event] = await trial.publish('hello')
        await expectSent(trial, proxied, '"hello"')
        const { body } = proxied.answer
        const [delivered] = messagesIn(body).filter(({ data }) => data.includes('"hello"'))
        if (delivered?.id === event?.id) return
        const all = shown(proxied.answer)
        throw new Wrong({
          saw: `After a minute of heartbeats ${event?.id} was published. The page received ${delivered ? 'it with another id' : 'nothing'}. Your server sent:`,
          bytes: all,
          at: Math.max(0, all.indexOf(`id: ${event?.id}`)),
          wanted: 'a line of its own',
          hint: 'glued',
        })
      },
      async 'a-heart-that-stops'(trial) {
        await using left = await stream(trial)
        await using stays = await stream(trial)
        await stays.wait(1000)
        left.client.leave('RST')
        await expectFollowers(trial, 1, 'One of two clients left', 'still-followed')
        const before = (await trial.sent()).toNobody
        const length = stays.answer.body.length
        await stays.wait(2 * IDLE_CUT_MS)
        const times = (await trial.sent()).toNobody - before
        if (times === 0 && stays.answer.body.length === length)
          throw new Wrong({
            saw: 'One of two clients left. In the minute after that, the other one received no heartbeat.',
            hint: 'stops-for-all',
          })
        const timers = await trial.timers()
        for (let i = 0; i < (times === 0 ? 3 : 0); i++) {
          await using short = await stream(trial)
          short.client.leave('RST')
          await expectFollowers(trial, 1, 'A client came and left', 'still-followed')
        }
        const running = (await trial.timers()) - timers
        // A program may have one timer for all clients.
        if (running > 1)
          throw new Wrong({
            saw: `Three clients came and left, and ${running} timers of your program still ran for them.`,
            hint: 'beats-on',
          })
        if (times === 0) return
        const saw = `A client connected for a second and left. In the minute after that, your server wrote ${times} times to clients that had left.`
        throw new Wrong({ saw, hint: 'beats-on' })
      },
      async 'stays-away'(trial) {
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
        const sawRest = `A client that wanted everything up to ${third?.id} was cut off after ${second?.id} and reconnected with Last-Event-ID: ${second?.id}. Your server responded:`
        expectStatus({ ...rest, body: '' }, 200, { saw: sawRest, hint: 'too-early' })
        const recorded = await trial.get(target, {
          headers: { 'Last-Event-ID': second?.id ?? '' },
          late: { saw: sawRest, hint: 'goes-on' },
        })
        const { events: sent } = readStream(recorded.body)
        const isRest = sent.length === 1 && sent[0]?.lastEventId === third?.id
        if (!isRest) throw new Wrong({ saw: sawRest, bytes: shown(recorded), hint: 'goes-on' })
        const ofTen = await asked(ninth?.id, `/feed/${room}/sse?after=0&until=${tenth?.id}`)
        const sawTen = `A client that wanted everything up to ${tenth?.id} reconnected with Last-Event-ID: ${ninth?.id}. Your server responded:`
        expectStatus({ ...ofTen, body: '' }, 200, { saw: sawTen, hint: 'as-text' })
        const [, seq] = third?.id.split('.') ?? []
        const older = await asked(`zz.${seq}`)
        const sawOlder = `A client wanted everything up to ${third?.id} and reconnected with Last-Event-ID: zz.${seq}, from another epoch. Your server responded:`
        expectStatus({ ...older, body: '' }, 200, { saw: sawOlder, hint: 'another-epoch' })
        const live = await asked(last?.id, `/feed/${room}/sse`)
        const sawLive = `A client reconnected with Last-Event-ID: ${last?.id}, which is the last event, and did not ask for an end. Your server responded:`
        expectStatus({ ...live, body: '' }, 200, { saw: sawLive, hint: 'not-for-you' })
        const all = await asked(third?.id)
        const sawAll = `A client wanted everything up to ${third?.id}, received it, and reconnected with Last-Event-ID: ${third?.id}. Your server responded:`
        const hint = all.status >= 400 ? 'an-error' : 'comes-back'
        expectStatus({ ...all, body: '' }, 204, { saw: sawAll, hint })
        const first = await asked(undefined, `/feed/${room}/sse?after=${third?.id}&until=${third?.id}`)
        const sawFirst = `A client came with ${third?.id} in its address, and wanted everything up to ${third?.id}. Your server responded:`
        expectStatus({ ...first, body: '' }, 204, { saw: sawFirst, hint: 'by-its-address' })
      },
      async 'still-a-stream'(trial) {
        const [first] = await trial.publish('one')
        const came = await open(trial, first?.id)
        const sawHead = 'A client asked for the stream. Your server responded:'
        await expectEventStream(trial, came, { saw: sawHead, hint: 'not-a-stream' })
        const events = [...(await trial.publish('two', 'three')), ...(await trial.publish('four'))]
        const saw = `The client has ${first?.id}. Two messages were published in one commit, and then a third one. Your server sent:`
        await expectMessages(trial, came, events, { saw, hint: 'not-all' })
        await trial.failFollowers()
        if (await trial.until('the stream is over', () => came.exchange).catch(() => false)) return
        const { bytes } = came.shown
        const sawFailed = 'The feed called `failed`, because it could not continue. Your server left the stream open:'
        throw new Late({ saw: sawFailed, bytes, at: bytes.length, wanted: 'the end', hint: 'kept-open' })
      },
      async 'left-early'(trial) {
        const [first] = await trial.publish('one')
        const before = await trial.timers()
        for (let i = 0; i < 2; i++) await leaveDuringRead(trial, `/feed/${trial.room}/sse?after=${first?.id}`)
        await expectFollowers(trial, 0, 'Two clients left while your server looked up their position', 'left-before')
        const more = (await trial.timers()) - before
        // A program may have one timer for all clients.
        if (more < 2) return
        const saw = `Two clients left while your server looked up their position, and ${more} timers of your program still ran for them.`
        throw new Wrong({ saw, hint: 'timer-runs' })
      },
      async goodbye(trial) {
        const hints = { open: 'left-open', cut: 'cut-off', remembered: 'remembered' }
        await expectStreamsToEnd(trial, () => open(trial), hints)
      },
    }),
  },
]

/** Opens a stream without a proxy, and returns it when the program serves it. */
async function open(trial: Trial, after?: string): Promise<Stream> {
  const before = await trial.reads()
  const opened = openStream(trial, `/feed/${trial.room}/sse${after === undefined ? '' : `?after=${after}`}`)
  await taken(trial, opened, before)
  return opened
}
