/** The kinds of programs that the kit can host, and what a check can do with each. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { converse, expectNext, expectQuiet } from '../../lessons/kit/conversation.ts'
import type { Amiss } from '../../lessons/kit/conversation.ts'
import { lessonOf } from '../../lessons/kit/course.ts'
import { Late, Wrong } from '../../lessons/kit/exercise.ts'
import type { Check, Exercise, Hosted } from '../../lessons/kit/exercise.ts'
import { startFarEnd } from '../../lessons/kit/far-end.ts'
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
    export const spoilt = (bytes: Uint8Array) => bytes.fill(0).length
    export const later = async () => 1
    export const fails = () => { throw new RangeError('too far') }`
  await tried({ kind: 'functions' }, program, async ({ call, called }) => {
    expect(await call('reversed', Buffer.from([1, 2, 3]))).toEqual(Uint8Array.from([3, 2, 1]))
    await expect(call('fails')).rejects.toThrow('RangeError: too far')
    await expect(call('later')).rejects.toThrow(Wrong)
    const { value, args } = await called('spoilt', Buffer.from([1, 2, 3]))
    expect([value, ...args]).toEqual([3, Buffer.from([0, 0, 0])])
    await expect(call('missing')).rejects.toThrow('missing is undefined, not a function.')
  })
})

/** It stops itself, as a machine does that gives it no processor, and goes on later than any answer may take. */
const STARVED = `
  import { spawn } from 'node:child_process'
  import { createServer } from 'node:http'
  createServer((request, response) => {
    spawn('sh', ['-c', 'sleep 4; kill -CONT ' + process.pid])
    process.kill(process.pid, 'SIGSTOP')
    response.end('here')
  }).listen(Number(process.env['PORT']))`

test.skipIf(process.platform === 'win32')(
  'a program that gets no processor is waited for (skipped on Windows, which cannot stop one)',
  async () => {
    await tried({ kind: 'server' }, STARVED, async ({ get, until }) => {
      expect(await get('/')).toMatchObject({ ended: 'whole', body: 'here' })
      await expect(until('it never is', () => false)).rejects.toThrow('Waited 1500 ms in vain until it never is.')
    })
  },
)

test('a part takes the place of another file in a program, and what that exports is called', async () => {
  await using home = await folderWith(
    'whole.ts',
    `import { word } from './part.ts'
    export const said = () => 'the part says ' + word() + ' at ' + Date.now()`,
  )
  const inPlaceOf = join(home.path, 'part.ts')
  writeFileSync(inPlaceOf, "export const word = () => 'nothing'")
  const hosted: Hosted = { kind: 'part', exported: 'word', inPlaceOf, of: join(home.path, 'whole.ts'), isFrozen: true }
  await tried(hosted, "export const word = () => 'hello'", async ({ call, tick }) => {
    const said = String(await call('said'))
    expect(said).toMatch(/^the part says hello at /)
    await tick(500)
    expect(
      Number(
        String(await call('said'))
          .split(' ')
          .at(-1),
      ),
    ).toBe(Number(said.split(' ').at(-1)) + 500)
  })
})

test('a part that exports something else is named for that', async () => {
  const hosted: Hosted = { kind: 'part', exported: 'word', inPlaceOf: '/nowhere/part.ts', of: '/nowhere/whole.ts' }
  await using folder = await folderWith('program.ts', "export const ward = () => 'hello'")
  const check: Check = { name: 'one', title: 'Is tried', hints: {}, run: async () => {} }
  const [result] = await judge(lessonOf('3'), { name: 'program', hosted, checks: [check] }, folder.path, {
    types: false,
  })
  expect(result?.finding).toMatchObject({
    hinted: 'no export',
    saw: 'The file should export word, and it exports ward.',
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

const WATCH = `
  import { createServer } from 'node:http'
  import { performance as counter } from 'node:perf_hooks'
  import { setTimeout as begin } from 'node:timers'
  let beats = 0
  setInterval(() => (beats += 1), 10_000)
  const rung = []
  const ring = (name) => setTimeout(() => rung.push(name), 5000)
  const timers = { stays: ring('stays'), renewed: ring('renewed'), stopped: ring('stopped'), closed: ring('closed') }
  begin(() => rung.push('imported'), 5000)
  createServer(({ url }, response) => {
    const name = url.slice(1)
    if (name === 'renew') for (const timer of Object.values(timers).slice(1)) timer.refresh()
    if (name === 'stop') { clearTimeout(timers.stopped); timers.stopped.refresh(); timers.closed.close() }
    if (name === 'again') timers.stays.refresh()
    const clocks = [Date.now(), counter.now(), performance.now()].map(Math.round)
    response.end(JSON.stringify({ rung, beats, clocks }))
  }).listen(Number(process.env['PORT']))`

test('a whole server may have its time stand still, with its clocks, its oldest timers and those that it renews', async () => {
  await tried({ kind: 'server', isFrozen: true }, WATCH, async ({ get, tick }) => {
    const asked = async (target: string) => (await get(target)).json
    const { clocks }: { clocks?: number[] } = Object(await asked('/'))
    const later = (ms: number) => clocks?.map((clock) => clock + ms)
    await tick(4000)
    expect(await asked('/renew')).toEqual({ rung: [], beats: 0, clocks: later(4000) })
    await tick(1000)
    expect(await asked('/')).toEqual({ rung: ['stays', 'imported'], beats: 0, clocks: later(5000) })
    await tick(3500)
    expect(await asked('/stop')).toMatchObject({ rung: ['stays', 'imported'] })
    // One that has gone off begins anew as well.
    expect(await asked('/again')).toMatchObject({ rung: ['stays', 'imported'] })
    await tick(500)
    expect(await asked('/')).toMatchObject({ rung: ['stays', 'imported', 'renewed'], beats: 0 })
    await tick(11_000)
    const rung = ['stays', 'imported', 'renewed', 'stays']
    expect(await asked('/')).toEqual({ rung, beats: 2, clocks: later(20_000) })
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

const CLIENT = `
  export function connect({ origin, room, after }, { event, ended }) {
    const socket = new WebSocket(origin + '/feed/' + room + '/ws' + (after === undefined ? '' : '?after=' + after))
    const timer = setTimeout(() => socket.send('{"type":"ping"}'), 20_000)
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data)
      if (message.type === 'message') event(message)
      if (message.type === 'pong') ended('it answers')
    }
    return () => { clearTimeout(timer); socket.close() }
  }`

test('a client meets a far end that speaks as the sandbox does, in a time that stands still', async () => {
  await tried({ kind: 'client', exported: 'connect' }, CLIENT, async (trial) => {
    await using far = await startFarEnd()
    const [kept] = far.publish('a', 'one')
    await trial.connect(far.origin, ['a', 'b'], '0')
    const told = async () => (await trial.clients()).told['a'] ?? []
    await trial.until('it has what was kept', async () => (await told()).length === 1)
    const [live] = far.publish('a', 'two')
    await trial.until('it has what came', async () => (await told()).length === 2)
    expect(await told()).toEqual([kept, live])
    expect(far.visits.map(({ asked }) => asked)).toEqual(['GET /feed/a/ws?after=0', 'GET /feed/b/ws?after=0'])
    await trial.tick(19_999)
    await far.settle()
    expect((await trial.clients()).ended).toEqual({})
    await trial.tick(1)
    await far.settle()
    expect((await trial.clients()).ended).toEqual({ a: 'it answers', b: 'it answers' })
    await trial.disconnect()
    await trial.until('they have left', () => far.visits.every(({ isOver }) => isOver))
  })
})

test.each(['FIN', 'RST', 1012] as const)('a client hears of the end of its line: %s', async (how) => {
  await tried({ kind: 'client', exported: 'connect' }, CLIENT, async (trial) => {
    await using far = await startFarEnd()
    await trial.connect(far.origin, ['a'])
    await trial.until('it is there', async () => (await trial.clients()).sockets[0]?.readyState === 1)
    if (how === 1012) far.visits[0]?.close(how)
    else far.visits[0]?.cut(how)
    await trial.until('it knows', async () => (await trial.clients()).sockets[0]?.closedAtMs !== null)
  })
})

test('a line that vanishes tells its client nothing until it reappears, and a far end that left takes nobody', async () => {
  await tried({ kind: 'client', exported: 'connect' }, CLIENT, async (trial) => {
    await using far = await startFarEnd()
    await trial.connect(far.origin, ['a'])
    await trial.until('it is there', async () => (await trial.clients()).sockets[0]?.readyState === 1)
    const [visit] = far.visits
    visit?.vanish()
    const made = far.publish('a', 'one')
    expect(await far.settle()).toBe(false)
    expect(await trial.clients()).toMatchObject({ told: { a: [] }, sockets: [{ readyState: 1, closedAtMs: null }] })
    visit?.reappear()
    await trial.until('it is told', async () => (await trial.clients()).told['a']?.length === 1)
    expect((await trial.clients()).told['a']).toEqual(made)
    await far.leave()
    await trial.connect(far.origin, ['b'])
    await trial.until('nobody was there', async () => {
      const { sockets } = await trial.clients()
      return sockets.length === 2 && sockets.every(({ readyState }) => readyState === 3)
    })
    expect(far.visits).toHaveLength(1)
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
