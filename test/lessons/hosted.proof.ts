/** The kinds of programs that the kit can host, and what a check can do with each. */
import { expect, test } from 'vitest'
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
import type { Trial } from '../../lessons/kit/trial.ts'
import { folderWith } from './program.ts'

/** What becomes of one check of a program of this kind. */
async function tried(hosted: Hosted, program: string, run: (trial: Trial) => Promise<void>) {
  const check: Check = { name: 'one', title: 'Is tried', hints: {}, run }
  const exercise: Exercise = { name: 'program', hosted, checks: [check] }
  await using folder = await folderWith('program.ts', program)
  const [result] = await judge(lessonOf('3'), exercise, folder.path, { types: false })
  expect(result).toMatchObject({ verdict: 'pass', finding: null })
}

test('a whole server is given its port, and spoken to by HTTP, WebSocket and a bare socket', async () => {
  const program = `
    import { createServer } from 'node:http'
    import { WebSocketServer } from 'ws'
    const server = createServer((request, response) => response.end('you asked for ' + request.url))
    new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (text) => socket.send(String(text))))
    server.listen(Number(process.env['PORT']))`
  await tried({ kind: 'server' }, program, async ({ get, websocket, socket, until }) => {
    const answer = await get('/hello')
    expect(answer).toMatchObject({ status: 200, body: 'you asked for /hello' })
    const echo = websocket('/')
    let echoed = ''
    echo.on('open', () => echo.send('ping'))
    echo.on('message', (text) => (echoed = String(text)))
    expect(await until('it is echoed', () => echoed)).toBe('ping')
    let raw = ''
    socket()
      .on('data', (bytes) => (raw += String(bytes)))
      .write('GET /raw HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('it is answered', () => raw.includes('you asked for /raw'))
  })
})

test('functions are called, with bytes and without, and reject with what they throw', async () => {
  const program = `
    export const reversed = (bytes: Uint8Array) => Uint8Array.from(bytes).reverse()
    export const fails = () => { throw new RangeError('too far') }`
  await tried({ kind: 'functions' }, program, async ({ call }) => {
    expect(await call('reversed', Buffer.from([1, 2, 3]))).toEqual(Uint8Array.from([3, 2, 1]))
    await expect(call('fails')).rejects.toThrow('RangeError: too far')
    await expect(call('missing')).rejects.toThrow('missing is undefined, not a function.')
  })
})

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
