/** Tests each kind of program that the kit can host. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lessonOf } from '../../lessons/kit/course.ts'
import type { Check } from '../../lessons/kit/exercise.ts'
import type { Hosted } from '../../lessons/kit/hosted/kinds.ts'
import { Wrong } from '../../lessons/kit/finding.ts'
import { startFakeServer } from '../../lessons/kit/fake-server.ts'
import { judge } from '../../lessons/kit/judge.ts'
import { folderWith } from './program.ts'
import { tried } from './tried.ts'

test('a server gets its port from the kit, and checks reach it by HTTP, WebSocket and a plain socket', async () => {
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
    expect(await until('the server has echoed the message', () => echoed)).toBe('ping')
    let raw = ''
    socket()
      .on('data', (bytes) => (raw += String(bytes)))
      .write('GET /raw HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('the server has answered the raw request', () => raw.includes('you asked for /raw'))
  })
})

test('a check can call functions with and without bytes, and gets the errors that they throw', async () => {
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

/** Program that stops itself, as if the machine gave it no processor. It continues later than the time limit of a response. */
const STARVED = `
  import { spawn } from 'node:child_process'
  import { createServer } from 'node:http'
  createServer((request, response) => {
    spawn('sh', ['-c', 'sleep 4; kill -CONT ' + process.pid])
    process.kill(process.pid, 'SIGSTOP')
    response.end('here')
  }).listen(Number(process.env['PORT']))`

test.skipIf(process.platform === 'win32')(
  'the kit waits for a program that gets no processor (skipped on Windows, which cannot stop a process)',
  async () => {
    await tried({ kind: 'server' }, STARVED, async ({ get, until }) => {
      expect(await get('/')).toMatchObject({ ended: 'whole', body: 'here' })
      await expect(until('an impossible condition holds', () => false)).rejects.toThrow(
        'Gave up after 1500 ms of waiting until an impossible condition holds.',
      )
    })
  },
)

test('a part replaces a file of a program, and the check calls the functions that the program exports', async () => {
  await using home = await folderWith(
    'whole.ts',
    `import { word } from './part.ts'
    export const said = () => 'the part says ' + word() + ' at ' + Date.now()`,
  )
  const replacedPath = join(home.path, 'part.ts')
  writeFileSync(replacedPath, "export const word = () => 'nothing'")
  const hosted: Hosted = {
    kind: 'part',
    exported: 'word',
    replacedPath,
    programPath: join(home.path, 'whole.ts'),
    isFrozen: true,
  }
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

test('a part with a wrong export gets the hint "no export"', async () => {
  const hosted: Hosted = {
    kind: 'part',
    exported: 'word',
    replacedPath: '/nowhere/part.ts',
    programPath: '/nowhere/whole.ts',
  }
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

test('the time of a server can be frozen: its clocks, its oldest timers and the timers that it restarts', async () => {
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
    // A timer that has fired can be restarted as well.
    expect(await asked('/again')).toMatchObject({ rung: ['stays', 'imported'] })
    await tick(500)
    expect(await asked('/')).toMatchObject({ rung: ['stays', 'imported', 'renewed'], beats: 0 })
    await tick(11_000)
    const rung = ['stays', 'imported', 'renewed', 'stays']
    expect(await asked('/')).toEqual({ rung, beats: 2, clocks: later(20_000) })
  })
})

const OFTEN = `
  import { createServer } from 'node:http'
  let beats = 0
  setInterval(() => (beats += 1), 0)
  createServer((_, response) => response.end(String(beats))).listen(Number(process.env['PORT']))`

test('an interval of 0 ms fires once in each millisecond of frozen time', async () => {
  await tried({ kind: 'server', isFrozen: true }, OFTEN, async ({ get, tick }) => {
    await tick(20)
    expect((await get('/')).body).toBe('20')
  })
})

const SECRETS = `
  import { randomBytes } from 'node:crypto'
  import { createServer } from 'node:http'
  let repeated
  createServer((request, response) => {
    const { url } = request
    console.log('asked for ' + url)
    console.error('error of ' + url)
    if (url === '/start') {
      setTimeout(() => {}, 1000)
      clearTimeout(setTimeout(() => {}, 1000))
      repeated = setInterval(() => {}, 1000)
    }
    if (url === '/stop') clearInterval(repeated)
    response.end([Math.random(), randomBytes(8).toString('hex')].join())
  }).listen(Number(process.env['PORT']))`

test('a check can count timers, read the output, and take the chance out of Math.random', async () => {
  await tried({ kind: 'server' }, SECRETS, async ({ get, freeze, tick, timers, fixRandom, output }) => {
    await freeze()
    const drawn = async (target: string) => (await get(target)).body.split(',')
    const [free] = await drawn('/start')
    expect(await timers()).toBe(2)
    await tick(1000)
    expect(await timers()).toBe(1)
    expect((await drawn('/stop'))[0]).not.toBe(free)
    expect(await timers()).toBe(0)
    await fixRandom()
    const [first, second] = [await drawn('/'), await drawn('/')]
    expect(first[0]).toBe(second[0])
    expect(first[1]).not.toBe(second[1])
    const lines = (await output()).split('\n')
    for (const kind of ['asked for', 'error of'])
      expect(lines.filter((line) => line.startsWith(kind))).toEqual(
        ['/start', '/stop', '/', '/'].map((url) => `${kind} ${url}`),
      )
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

test('a client in frozen time talks to a fake server that behaves like the sandbox', async () => {
  await tried({ kind: 'client', exported: 'connect' }, CLIENT, async (trial) => {
    await using far = await startFakeServer()
    const [kept] = far.publish('a', 'one')
    await trial.connect(far.origin, ['a', 'b'], '0')
    const delivered = async () => (await trial.clients()).delivered['a'] ?? []
    await trial.until('the client has received the kept message', async () => (await delivered()).length === 1)
    const [live] = far.publish('a', 'two')
    await trial.until('the client has received the new message', async () => (await delivered()).length === 2)
    expect(await delivered()).toEqual([kept, live])
    expect(far.visits.map(({ asked }) => asked)).toEqual(['GET /feed/a/ws?after=0', 'GET /feed/b/ws?after=0'])
    await trial.tick(19_999)
    await far.settle()
    expect((await trial.clients()).ended).toEqual({})
    await trial.tick(1)
    await far.settle()
    expect((await trial.clients()).ended).toEqual({ a: 'it answers', b: 'it answers' })
    await trial.disconnect()
    await trial.until('every visit has ended', () => far.visits.every(({ isOver }) => isOver))
  })
})

test.each(['FIN', 'RST', 1012] as const)('a client notices that its connection ends by %s', async (how) => {
  await tried({ kind: 'client', exported: 'connect' }, CLIENT, async (trial) => {
    await using far = await startFakeServer()
    await trial.connect(far.origin, ['a'])
    await trial.until('the socket is open', async () => (await trial.clients()).sockets[0]?.readyState === 1)
    if (how === 1012) far.visits[0]?.close(how)
    else far.visits[0]?.cut(how)
    await trial.until(
      'the client has noticed the end of the connection',
      async () => (await trial.clients()).sockets[0]?.closedAtMs !== null,
    )
  })
})

test('a client gets nothing over a vanished connection until it reappears, and a server that has left accepts no client', async () => {
  await tried({ kind: 'client', exported: 'connect' }, CLIENT, async (trial) => {
    await using far = await startFakeServer()
    await trial.connect(far.origin, ['a'])
    await trial.until('the socket is open', async () => (await trial.clients()).sockets[0]?.readyState === 1)
    const [visit] = far.visits
    visit?.vanish()
    const made = far.publish('a', 'one')
    expect(await far.settle()).toBe(false)
    expect(await trial.clients()).toMatchObject({
      delivered: { a: [] },
      sockets: [{ readyState: 1, closedAtMs: null }],
    })
    visit?.reappear()
    await trial.until(
      'the client has received a message',
      async () => (await trial.clients()).delivered['a']?.length === 1,
    )
    expect((await trial.clients()).delivered['a']).toEqual(made)
    await far.leave()
    await trial.connect(far.origin, ['b'])
    await trial.until('the second attempt of the client has failed', async () => {
      const { sockets } = await trial.clients()
      return sockets.length === 2 && sockets.every(({ readyState }) => readyState === 3)
    })
    expect(far.visits).toHaveLength(1)
  })
})
