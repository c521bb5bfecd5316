/** What a check reads of a line: streams, what proxies let through of them, and conversations. */
import { expect, test } from 'vitest'
import { converse, expectNext, expectQuiet } from '../../lessons/kit/conversation.ts'
import type { Amiss } from '../../lessons/kit/conversation.ts'
import { lessonOf } from '../../lessons/kit/course.ts'
import { Late, Wrong } from '../../lessons/kit/exercise.ts'
import type { Check, Exercise, Hosted } from '../../lessons/kit/exercise.ts'
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

test('a stream is read as far as it has come, its timers are moved, and its end is seen', async () => {
  await tried({ kind: 'transport', exported: 'sse' }, STREAM, async (trial) => {
    await trial.freeze()
    const stream = trial.open(`/feed/${trial.room}/sse`)
    await trial.until('it has begun', () => stream.soFar.body === ':hello\n\n')
    expect(stream.soFar).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } })
    await trial.tick(15_000)
    await trial.until('it has beaten', () => stream.soFar.body.endsWith(':beat\n\n'))
    const [event] = await trial.publish('one')
    await trial.until('it has come', () => stream.soFar.body.endsWith(`id: ${event?.id}\n\n`))
    expect((await trial.reads()).following).toBe(1)
    stream.leave('RST')
    await trial.until('nobody follows', async () => (await trial.reads()).following === 0)
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

test.each([1, 2, 3])('something is published behind step %i of a program, if it takes so many', async (use) => {
  await tried({ kind: 'transport', exported: 'sse' }, TWO_STEPS, async (trial) => {
    const told = { saw: 'It wrote:', hint: '' }
    const [one] = await trial.publish('one')
    await trial.ambush('between', use)
    const before = await trial.reads()
    const stream = openStream(trial, `/feed/${trial.room}/sse`)
    await taken(trial, stream, before)
    await expectEventStream(trial, stream, told)
    const { ambushed } = await trial.reads()
    expect(ambushed?.text ?? null).toBe(use > 2 ? null : 'between')
    await expectMessages(
      trial,
      stream,
      [one, ambushed].filter((event) => event != null),
      told,
    )
  })
})

test('a stream that ends or stands still before it has brought what was wanted is named for that', async () => {
  const ends = TWO_STEPS.replace("stream.once('close', stop)", 'stop(); stream.end()')
  for (const [program, is, saw] of [
    [ends, Wrong, 'It wrote this, and then the end of the answer:'],
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

test('a caret stands under the first character of a stream that is another', async () => {
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

test('where time stands still from the first line on, a timer that is older than any check is moved too', async () => {
  await tried(FROZEN, CLOCK, async (trial) => {
    const stream = trial.open(`/feed/${trial.room}/sse`)
    await trial.until('it has begun', () => stream.soFar.body === ':hello\n\n')
    await trial.tick(30_000)
    await trial.until('it has beaten twice', () => stream.soFar.body === ':hello\n\n:beat\n\n:beat\n\n')
    expect((await trial.sent()).toNobody).toBe(0)
    stream.leave()
    await trial.until('it writes on to nobody', async () => {
      await trial.tick(15_000)
      return (await trial.sent()).toNobody > 0
    })
  })
})

const toldBy = (fields: Record<string, string>) => `?fields=${encodeURIComponent(JSON.stringify(fields))}`

test('a proxy cuts whoever is silent for too long, and nobody who speaks before', async () => {
  await tried(FROZEN, CLOCK, async (trial) => {
    await using kept = await through(trial, `/feed/${trial.room}/sse`, { idleCutMs: 16_000 })
    await trial.until('it has begun', () => kept.client.soFar.body !== '')
    await kept.wait(60_000)
    expect(kept.cutAtMs).toBe(null)
    expect(kept.client.soFar.body).toContain(':beat')
    await using cut = await through(trial, `/feed/${trial.room}/sse`, { idleCutMs: 15_000 })
    await trial.until('it has begun', () => cut.client.soFar.body !== '')
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
] as const)('a proxy that collects as %s does, told %j: lets through is %s', async (collects, fields, isLetThrough) => {
  await tried(FROZEN, CLOCK, async (trial) => {
    await using proxied = await through(trial, `/feed/${trial.room}/sse${toldBy(fields)}`, { collects })
    await trial.until('it is at the proxy', () => proxied.answer.body === ':hello\n\n')
    if (isLetThrough) await trial.until('it is let through', () => proxied.client.soFar.body === ':hello\n\n')
    expect(proxied.heldBytes === 0).toBe(isLetThrough)
  })
})

/** Says back whatever is told to, closes where it is told to, and is at /ws alone. */
const PARROT = `
  import { createServer } from 'node:http'
  import { WebSocketServer } from 'ws'
  const server = createServer()
  new WebSocketServer({ server, path: '/ws' }).on('connection', (socket) => {
    socket.on('message', (data) => {
      const text = String(data)
      if (text === 'close') socket.close(1012, 'as told')
      else if (text === 'crash') throw new Error('as told')
      else if (text !== 'nothing') for (const each of text.split('|')) socket.send(each)
    })
  })
  server.listen(Number(process.env['PORT']))`

test('a conversation takes what comes one by one, and names how it is amiss, with the place', async () => {
  await tried({ kind: 'server' }, PARROT, async (trial) => {
    const talk = await converse(trial, '/ws')
    const seen: Amiss[] = []
    const told = { saw: 'You said:', hint: (amiss: Amiss) => (seen.push(amiss), NO_HINT) }
    talk.say('{"type":"a","n":1}|{"type":"b","text":"so"}')
    expect(await expectNext(trial, talk, { type: 'a', n: 1 }, told)).toEqual({ type: 'a', n: 1 })
    await expect(expectQuiet(trial, talk, told)).rejects.toThrow(Wrong)
    await expectQuiet(trial, talk, told)
    talk.say('{"type":"b","text":"so"}|{"type":"b"}|so')
    const other = await expectNext(trial, talk, { type: 'b', text: /other/ }, told).catch((error: unknown) => error)
    if (!(other instanceof Wrong)) throw new Error(`It is ${String(other)}.`)
    const { bytes = '', at, wanted } = other.finding
    expect(bytes).toMatch(/^GET \/ws HTTP\/1.1\nUpgrade: websocket\n\nHTTP\/1.1 101 /)
    expect(bytes).toContain('\n> {"type":"b","text":"so"}|')
    expect([bytes.slice(at).split('}')[0], wanted]).toEqual(['"so"', '"\u2026"'])
    await expect(expectNext(trial, talk, { type: 'c' }, told)).rejects.toThrow(Wrong)
    await expect(expectNext(trial, talk, { type: 'b' }, told)).rejects.toThrow(Wrong)
    talk.say('nothing')
    await expect(expectNext(trial, talk, { type: 'a' }, told)).rejects.toThrow(Late)
    talk.say('close')
    await expect(expectNext(trial, talk, { type: 'a' }, told)).rejects.toThrow(Wrong)
    await expect(expectQuiet(trial, talk, told)).rejects.toThrow(Wrong)
    expect(talk.closed).toEqual({ code: 1012, reason: 'as told' })
    expect(seen).toEqual(['another value', 'another value', 'another type', 'no JSON', 'nothing', 'closed', 'closed'])
  })
})

test('a conversation that is refused says so by the status line', async () => {
  await tried({ kind: 'server' }, PARROT, async (trial) => {
    const refused = await converse(trial, '/elsewhere').catch((error: unknown) => error)
    if (!(refused instanceof Wrong)) throw new Error(`It is ${String(refused)}.`)
    expect(refused.finding.bytes).toMatch(/\nHTTP\/1.1 400 Bad Request$/)
  })
})

test('an end of the process in a conversation is that, with the check\u2019s own hint for it where it has one', async () => {
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
