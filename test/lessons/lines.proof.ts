/** Checks of connections: streams, streams behind proxies, and conversations over WebSockets. */
import { expect, test } from 'vitest'
import { converse, expectNext, expectQuiet } from '../../lessons/kit/conversation.ts'
import type { Mismatch } from '../../lessons/kit/conversation.ts'
import { lessonOf } from '../../lessons/kit/course.ts'
import type { Check, Exercise } from '../../lessons/kit/exercise.ts'
import type { Hosted } from '../../lessons/kit/hosted/kinds.ts'
import { Late, Wrong } from '../../lessons/kit/finding.ts'
import { judge } from '../../lessons/kit/judge.ts'
import { through } from '../../lessons/kit/proxy.ts'
import {
  expectData,
  expectEventStream,
  expectMessages,
  openStream,
  settled,
  taken,
  waitFor,
} from '../../lessons/kit/stream.ts'
import { folderWith } from './program.ts'
import { tried } from './tried.ts'

const STREAM = `
  import type { Transport } from '#server/transports/transport.ts'
  export const sse: Transport = {
    serve(app, feed) {
      app.get('/feed/:room/sse', async (request, reply) => {
        const { room } = request.params as { room: string }
        reply.hijack()
        const stream = reply.raw
        stream.writeHead(200, { 'content-type': 'text/event-stream' })
        stream.write(':hello\\n\\n')
        const beat = setInterval(() => stream.write(':beat\\n\\n'), 15_000)
        const stop = feed.follow(room, '0', ({ events }) => {
          for (const { id } of events) stream.write('id: ' + id + '\\n\\n')
        }, () => stream.destroy())
        stream.once('close', () => { stop(); clearInterval(beat) })
      })
      return () => {}
    },
  }`

test('a check reads a stream while it is open, moves its timers, and sees that the program stops following the feed', async () => {
  await tried({ kind: 'transport', exported: 'sse' }, STREAM, async (trial) => {
    await trial.freeze()
    const stream = trial.open(`/feed/${trial.room}/sse`)
    await trial.until('the stream has sent its first comment', () => stream.soFar.body === ':hello\n\n')
    expect(stream.soFar).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } })
    await trial.tick(15_000)
    await trial.until('the stream has sent a heartbeat', () => stream.soFar.body.endsWith(':beat\n\n'))
    const [event] = await trial.publish('one')
    await trial.until('the stream has sent the event', () => stream.soFar.body.endsWith(`id: ${event?.id}\n\n`))
    expect((await trial.reads()).following).toBe(1)
    stream.leave('RST')
    await trial.until('the program no longer follows the feed', async () => (await trial.reads()).following === 0)
  })
})

test('a check pauses the reads, lets the feed fail, and counts timers and followers that are stopped again', async () => {
  const program = `
    import { setTimeout as pause } from 'node:timers/promises'
    export const sse = {
      serve(app, feed) {
        const stops = []
        app.get('/feed/:room/sse', async ({ params: { room } }, reply) => {
          await feed.since(room, '0', 1)
          reply.hijack()
          const timer = setTimeout(() => {}, 1000)
          const paused = new AbortController()
          pause(1000, undefined, { signal: paused.signal }).catch(() => {})
          setTimeout(() => {}, 500)
          const stop = feed.follow(room, '0', () => {}, () => reply.raw.end('failed'))
          stops.push(stop)
          reply.raw.write('following')
          reply.raw.once('close', () => { stop(); clearTimeout(timer); paused.abort() })
        })
        return () => stops.forEach((stop) => stop())
      },
    }`
  await tried({ kind: 'transport', exported: 'sse', isFrozen: true }, program, async (here) => {
    const trial = here.inRoom('constructor')
    const [before, timers] = [await trial.reads(), await trial.timers()]
    await trial.pauseReads()
    const stream = trial.open(`/feed/${trial.room}/sse`)
    await trial.looked(before, stream)
    await settled(trial)
    expect(stream.soFar.body).toBe('')
    await trial.resumeReads()
    await trial.until('the stream follows', () => stream.soFar.body === 'following')
    expect((await trial.timers()) - timers).toBe(3)
    await trial.tick(500)
    expect((await trial.timers()) - timers).toBe(2)
    await trial.failFollowers()
    expect((await trial.whole(stream)).body).toBe('followingfailed')
    await trial.until('the program has stopped its timers', async () => (await trial.timers()) === timers)
    const { stoppedAgain, following } = await trial.reads()
    expect(following).toBe(0)
    await trial.goodbye()
    expect((await trial.reads()).stoppedAgain - stoppedAgain).toBe(1)
    expect((await here.reads()).followed).toBe(0)
  })
})

const TWO_STEPS = `
  export const sse = {
    serve(app, feed) {
      app.get('/feed/:room/sse', async (request, reply) => {
        const { room } = request.params
        const stream = reply.hijack().raw
        const tell = ({ events }) => {
          for (const { id } of events) stream.write('data: ' + JSON.stringify({ id }) + '\\n\\n')
        }
        stream.writeHead(200, { 'content-type': 'text/event-stream' })
        const missed = await feed.since(room, '0', 10)
        tell(missed)
        const stop = feed.follow(room, missed.cursor, tell, () => stream.destroy())
        stream.once('close', stop)
      })
      return () => {}
    },
  }`

test.each([1, 2, 3])(
  'an event is published after step %i of a program, if the program has so many steps',
  async (use) => {
    await tried({ kind: 'transport', exported: 'sse' }, TWO_STEPS, async (trial) => {
      const observed = { saw: 'It wrote:', hint: '' }
      const [one] = await trial.publish('one')
      await trial.publishDuringRead('between', use)
      const before = await trial.reads()
      const stream = openStream(trial, `/feed/${trial.room}/sse`)
      await taken(trial, stream, before)
      await expectEventStream(trial, stream, observed)
      const { publishedDuringRead } = await trial.reads()
      expect(publishedDuringRead?.text ?? null).toBe(use > 2 ? null : 'between')
      await expectMessages(
        trial,
        stream,
        [one, publishedDuringRead].filter((event) => event != null),
        observed,
      )
    })
  },
)

test('the report distinguishes a stream that ended too early from a stream that sent too little in time', async () => {
  const ends = TWO_STEPS.replace("stream.once('close', stop)", 'stop(); stream.end()')
  for (const [program, is, saw] of [
    [ends, Wrong, 'It wrote this, and then ended the response:'],
    [TWO_STEPS, Late, 'It wrote:'],
  ] as const) {
    await tried({ kind: 'transport', exported: 'sse' }, program, async (trial) => {
      const [one] = await trial.publish('one')
      const stream = openStream(trial, `/feed/${trial.room}/sse`)
      const data = JSON.stringify({ id: one?.id })
      const error = await expectData(trial, stream, [data, 'never'], { saw: 'It wrote:', hint: '' }).catch(
        (error) => error,
      )
      expect(error).toBeInstanceOf(is)
      expect(error.finding).toMatchObject({ saw, wanted: 'more' })
    })
  }
})

test('a caret is under the first wrong character of a stream', async () => {
  await tried({ kind: 'transport', exported: 'sse' }, TWO_STEPS, async (trial) => {
    await trial.publish('one')
    const stream = openStream(trial, `/feed/${trial.room}/sse`)
    await waitFor(trial, stream, () => stream.read.events.length > 0, { saw: 'It wrote:', hint: '' })
    await settled(trial)
    expect(stream.exchange).toBeNull()
    const error = await expectData(trial, stream, ['{"it"'], { saw: 'It wrote:', hint: '' }).catch((error) => error)
    const { bytes, at, wanted } = error.finding
    expect([bytes.slice(0, at).split('\n').at(-1), bytes[at], wanted]).toEqual(['data: {"i', 'd', JSON.stringify('t"')])
  })
})

const CLOCK = `
  import type { Transport } from '#server/transports/transport.ts'
  const open = new Set<{ write(text: string): unknown }>()
  setInterval(() => open.forEach((stream) => stream.write(':beat\\n\\n')), 15_000)
  export const sse: Transport = {
    serve(app) {
      app.get('/feed/:room/sse', (request, reply) => {
        reply.hijack()
        const { fields } = request.query as { fields?: string }
        reply.raw.writeHead(200, fields === undefined ? {} : JSON.parse(fields)).write(':hello\\n\\n')
        open.add(reply.raw)
      })
      return () => {}
    },
  }`
const FROZEN: Hosted = { kind: 'transport', exported: 'sse', isFrozen: true }

test('if time is frozen from the first line on, the kit can also move a timer that is older than the first check', async () => {
  await tried(FROZEN, CLOCK, async (trial) => {
    const stream = trial.open(`/feed/${trial.room}/sse`)
    await trial.until('the stream has sent its first comment', () => stream.soFar.body === ':hello\n\n')
    await trial.tick(30_000)
    await trial.until('the stream has sent two heartbeats', () => stream.soFar.body === ':hello\n\n:beat\n\n:beat\n\n')
    expect((await trial.sent()).toNobody).toBe(0)
    stream.leave()
    await trial.until('the program writes to a closed connection', async () => {
      await trial.tick(15_000)
      return (await trial.sent()).toNobody > 0
    })
  })
})

const queryOf = (fields: Record<string, string>) => `?fields=${encodeURIComponent(JSON.stringify(fields))}`

test('a proxy cuts a stream that is silent for too long, and keeps a stream with heartbeats', async () => {
  await tried(FROZEN, CLOCK, async (trial) => {
    await using kept = await through(trial, `/feed/${trial.room}/sse`, { idleCutMs: 16_000 })
    await trial.until('the kept stream has sent its first bytes', () => kept.client.soFar.body !== '')
    await kept.wait(60_000)
    expect(kept.cutAtMs).toBe(null)
    expect(kept.client.soFar.body).toContain(':beat')
    await using cut = await through(trial, `/feed/${trial.room}/sse`, { idleCutMs: 15_000 })
    await trial.until('the other stream has sent its first bytes', () => cut.client.soFar.body !== '')
    await cut.wait(60_000)
    expect(cut.cutAtMs).toBe(15_000)
    expect((await cut.client.answer).ended).toBe('cut')
  })
})

test.each([
  ['nginx', { 'x-accel-buffering': 'no' }, true],
  ['nginx', { 'x-accel-buffering': 'off' }, false],
  ['nginx', { 'cache-control': 'no-transform' }, false],
  ['compressor', { 'cache-control': 'no-store, no-transform' }, true],
  ['compressor', { 'cache-control': 'no-transform, max-age=0' }, true],
  ['compressor', { 'cache-control': 'no-transformation' }, false],
  ['compressor', { 'x-accel-buffering': 'no' }, false],
] as const)(
  'a proxy that buffers like %s and gets the headers %j lets the stream through: %s',
  async (collects, fields, isLetThrough) => {
    await tried(FROZEN, CLOCK, async (trial) => {
      await using proxied = await through(trial, `/feed/${trial.room}/sse${queryOf(fields)}`, { collects })
      await trial.until('the proxy has received the first comment', () => proxied.answer.body === ':hello\n\n')
      if (isLetThrough)
        await trial.until('the client has received the first comment', () => proxied.client.soFar.body === ':hello\n\n')
      expect(proxied.heldBytes === 0).toBe(isLetThrough)
    })
  },
)

/** Server at `/ws` that sends back the texts in a message, closes or crashes, as the message says. */
const PARROT = `
  import { createServer } from 'node:http'
  import { WebSocketServer } from 'ws'
  const server = createServer()
  new WebSocketServer({ server, path: '/ws' }).on('connection', (socket) => {
    socket.on('message', (data) => {
      const text = String(data)
      if (text === 'close') socket.close(1012, 'as asked')
      else if (text === 'crash') throw new Error('as asked')
      else if (text !== 'nothing') for (const each of text.split('|')) socket.send(each)
    })
  })
  server.listen(Number(process.env['PORT']))`

test('a conversation compares messages one by one, and reports the kind and the place of a mismatch', async () => {
  await tried({ kind: 'server' }, PARROT, async (trial) => {
    const talk = await converse(trial, '/ws')
    const seen: Mismatch[] = []
    const observed = { saw: 'You said:', hint: (mismatch: Mismatch) => (seen.push(mismatch), NO_HINT) }
    talk.say('{"type":"a","n":1}|{"type":"b","text":"so"}')
    expect(await expectNext(trial, talk, { type: 'a', n: 1 }, observed)).toEqual({ type: 'a', n: 1 })
    await expect(expectQuiet(trial, talk, observed)).rejects.toThrow(Wrong)
    await expectQuiet(trial, talk, observed)
    talk.say('{"type":"b","text":"so"}|{"type":"b"}|so')
    const other = await expectNext(trial, talk, { type: 'b', text: /other/ }, observed).catch((error: unknown) => error)
    if (!(other instanceof Wrong)) throw new Error(`It is ${String(other)}.`)
    const { bytes = '', at, wanted } = other.finding
    expect(bytes).toMatch(/^GET \/ws HTTP\/1.1\nUpgrade: websocket\n\nHTTP\/1.1 101 /)
    expect(bytes).toContain('\n> {"type":"b","text":"so"}|')
    expect([bytes.slice(at).split('}')[0], wanted]).toEqual(['"so"', '"\u2026"'])
    await expect(expectNext(trial, talk, { type: 'c' }, observed)).rejects.toThrow(Wrong)
    await expect(expectNext(trial, talk, { type: 'b' }, observed)).rejects.toThrow(Wrong)
    talk.say('nothing')
    await expect(expectNext(trial, talk, { type: 'a' }, observed)).rejects.toThrow(Late)
    talk.say('close')
    await expect(expectNext(trial, talk, { type: 'a' }, observed)).rejects.toThrow(Wrong)
    await expect(expectQuiet(trial, talk, observed)).rejects.toThrow(Wrong)
    expect(talk.closed).toEqual({ code: 1012, reason: 'as asked' })
    expect(seen).toEqual(['another value', 'another value', 'another type', 'no JSON', 'nothing', 'closed', 'closed'])
  })
})

test('the report of a refused conversation contains the status line', async () => {
  await tried({ kind: 'server' }, PARROT, async (trial) => {
    const refused = await converse(trial, '/elsewhere').catch((error: unknown) => error)
    if (!(refused instanceof Wrong)) throw new Error(`It is ${String(refused)}.`)
    expect(refused.finding.bytes).toMatch(/\nHTTP\/1.1 400 Bad Request$/)
  })
})

test('a crash during a conversation is reported as a crash, with the check\u2019s own hint if it has one', async () => {
  const check: Check = {
    name: 'one',
    title: 'Is tried',
    hints: { crash: NO_HINT },
    async run(trial) {
      const talk = await converse(trial, '/ws')
      talk.say('crash')
      await expectNext(trial, talk, { type: 'a' }, { saw: 'You said:', hint: NO_HINT })
    },
  }
  await using folder = await folderWith('program.ts', PARROT)
  const exercise: Exercise = { name: 'program', hosted: { kind: 'server' }, checks: [check] }
  const [result] = await judge(lessonOf('3'), exercise, folder.path, { types: false })
  expect(result?.finding).toMatchObject({
    hinted: 'crash',
    hint: NO_HINT,
    where: expect.stringMatching(/^program.ts:/),
  })
})

const NO_HINT = ['seen', 'where', 'idea'] as const
