/** Runs the programs on the pages of lesson 19, as a reader copies them. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync, symlinkSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { REPOSITORY, lessonOf } from '../../lessons/kit/course.ts'
import { freePort, listen } from '../../lessons/kit/port.ts'
import { until } from '../until.ts'
import { filesIn } from './program.ts'
import { runKit } from './run-kit.ts'

const { folder } = lessonOf('19')
const PAGES = globSync('*.md', { cwd: folder }).toSorted()
const textOf = (page: string) => readFileSync(join(folder, page), 'utf8')

/** The code blocks of the pages that have the name of a file, by this name. */
const PROGRAMS = new Map(
  PAGES.flatMap((page) =>
    Array.from(
      textOf(page).matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms),
      ([, name = '', text = '']) => [name, text] as const,
    ),
  ),
)

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

describe('the pages of lesson 19', () => {
  test('are all in the table of the lesson, and take at most ten minutes each', () => {
    const rows = textOf('README.md').matchAll(/^\| \[[^\]]+\]\((.*?)\) \| .*\? \| (\d+) \|$/gm)
    const listed = Array.from(rows, ([, page = '', minutes]) => ({ page, minutes: Number(minutes) }))
    expect([...listed.map(({ page }) => page), 'README.md'].toSorted()).toEqual(PAGES)
    for (const { page, minutes } of listed) {
      expect(minutes, page).toBeLessThanOrEqual(10)
      // 130 words a minute is slow reading of a text in a foreign language; code counts as words too.
      expect(textOf(page).split(/\s+/).length / 130, page).toBeLessThanOrEqual(minutes)
      expect(textOf(page), page).toMatch(/^# .*\?\n/)
    }
  })

  test('have programs without type errors, each with a name of its own', async () => {
    const names = PAGES.flatMap((page) => Array.from(textOf(page).matchAll(/^```\w+ (\S+)$/gm), ([, name]) => name))
    expect(names.length).toBe(PROGRAMS.size)
    await using files = await laidOut()
    const typed = [...PROGRAMS.keys()].filter((name) => name.endsWith('.ts'))
    const tsc = join(REPOSITORY, 'node_modules/typescript/bin/tsc')
    const options = '--noEmit --strict --target es2024 --module nodenext --lib es2024,dom --types node --skipLibCheck'
    const { stdout, status } = spawnSync(process.execPath, [tsc, ...options.split(' '), ...typed], {
      cwd: files.path,
      encoding: 'utf8',
    })
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 })
  }, 60_000)
})

describe('keep it running', () => {
  test('a program in a terminal ends with the terminal: its signal is SIGHUP', async () => {
    const { child } = await started('server.ts')
    child.kill('SIGHUP')
    expect(await once(child, 'exit')).toEqual([null, 'SIGHUP'])
  })

  test('at SIGTERM the server closes its clients with 1012, and ends without an error', async () => {
    const { child, port } = await started('server.ts')
    const client = new WebSocket(`ws://127.0.0.1:${port}`)
    await once(client, 'open')
    client.send('hello')
    expect(String((await once(client, 'message'))[0])).toBe('hello')
    const [closed, ended] = [once(client, 'close'), once(child, 'exit')]
    child.kill('SIGTERM')
    expect((await closed)[0]).toBe(1012)
    expect(await ended).toEqual([0, null])
  })

  test('at SIGTERM the server does not wait for a client that never closes its side', async () => {
    const { child, port } = await started('server.ts')
    const silent = connect(port, '127.0.0.1').on('error', () => {})
    silent.write(handshake('/'))
    await once(silent, 'data')
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  test.skipIf(!hasSystemd)(
    'systemd-analyze finds no error in the service unit (skipped if there is no systemd-analyze)',
    async () => {
      const unit = (PROGRAMS.get('chat.service') ?? '').replace('/usr/bin/node', process.execPath)
      await using files = await filesIn([['chat.service', unit]])
      const path = join(files.path, 'chat.service')
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
        encoding: 'utf8',
      })
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
    },
  )
})

describe('TLS and origins', () => {
  test.each([
    ['/chat', 'https://chat.example/room?x=1', 'wss://chat.example/chat'],
    ['/chat', 'http://localhost:3000/', 'ws://localhost:3000/chat'],
    ['ws', 'https://a.example:8443/b/c', 'wss://a.example:8443/b/ws'],
  ])('the address of %s on the page %s is %s', async (path, page, address) => {
    const { socketAddress } = await loaded('address.ts')
    expect(socketAddress(path, page)).toBe(address)
  })

  test.skipIf(!hasOpenssl)('a WebSocket shares the HTTPS server (skipped if there is no openssl)', async () => {
    const { port } = await started('secure.ts')
    const client = new WebSocket(`wss://127.0.0.1:${port}`, { rejectUnauthorized: false })
    expect(String((await once(client, 'message'))[0])).toBe('hello over TLS')
    client.terminate()
  })

  test('a preflight and a response allow the one origin, and no other', async () => {
    const { port } = await started('cors.ts')
    const asked = async (method: string, origin: string) => {
      const { status, headers } = await fetch(`http://127.0.0.1:${port}/`, { method, headers: { origin } })
      return [status, headers.get('access-control-allow-origin'), headers.get('access-control-allow-headers')]
    }
    expect(await asked('OPTIONS', 'https://app.example')).toEqual([204, 'https://app.example', 'content-type'])
    expect(await asked('POST', 'https://app.example')).toEqual([200, 'https://app.example', null])
    expect(await asked('OPTIONS', 'https://evil.example')).toEqual([204, null, 'content-type'])
    expect(await asked('GET', 'https://app.example.evil')).toEqual([200, null, null])
  })
})

describe('React and Vite', () => {
  // React's StrictMode calls an effect, its clean-up, and the effect again.
  test.each([
    ['effect.js', 1],
    ['wrong-effect.js', 2],
  ])('after StrictMode, the effect of %s has %d open sockets', async (name, open) => {
    await using server = await counting()
    const run = new Function('useEffect', 'WebSocket', 'setMessages', 'address', PROGRAMS.get(name) ?? '')
    const sockets: globalThis.WebSocket[] = []
    class Counted extends globalThis.WebSocket {
      constructor(address: string) {
        super(address)
        sockets.push(this)
      }
    }
    const useEffect = (effect: () => (() => void) | undefined) => {
      effect()?.()
      effect()
    }
    run(useEffect, Counted, () => {}, server.address)
    const areOpen = () => sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length
    await until('the sockets are open', () => areOpen() === open)
    expect(sockets).toHaveLength(2)
    for (const socket of sockets) socket.close()
  })

  test('a store opens one socket for all subscribers, also in StrictMode, and closes it when nobody subscribes', async () => {
    await using server = await counting()
    const { createFeedStore } = await loaded('feed-store.ts')
    const store = createFeedStore(server.address)
    const seen: string[] = []
    const changed = () => seen.push('changed')
    store.subscribe(changed)()
    const ends = [store.subscribe(changed), store.subscribe(changed)]
    await until('the socket is open', () => server.clients().length > 0)
    const before = store.getSnapshot()
    expect(store.getSnapshot()).toBe(before)
    server.clients()[0]?.send('hello')
    await until('both are told', () => seen.length === 2)
    expect(store.getSnapshot()).toEqual(['hello'])
    expect(before).toEqual([])
    ends[0]()
    // Ended twice, as React may do; the other subscriber keeps the socket.
    ends[0]()
    await new Promise((resolve) => setTimeout(resolve, 1200))
    expect(server.clients()).toHaveLength(1)
    expect(server.visits).toBe(1)
    ends[1]()
    await until('the socket is closed', () => server.clients().length === 0)
  })

  test('Vite’s proxy has the lines of the server’s document, which a test runs with Vite', () => {
    const lines = (PROGRAMS.get('vite.config.js') ?? 'none').trim()
    expect(readFileSync(join(REPOSITORY, 'server/README.md'), 'utf8')).toContain(lines)
  })
})

describe('Socket.IO', () => {
  test('sends each message to all clients, and its protocol is the one that the page shows', async () => {
    const { port } = await started('chat.ts')
    const client = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`)
    const texts: string[] = []
    client.on('message', (data) => texts.push(String(data)))
    await until('it is open', () => texts.some((text) => text.startsWith('0')))
    client.send('40')
    await until('it has joined', () => texts.some((text) => text.startsWith('40')))
    client.send('42["message","hello"]')
    await until('the event came back', () => texts.includes('42["message","hello"]'))
    client.terminate()
  })

  test('costs the bytes that the page shows', async () => {
    const { stdout, code } = await runKit('look.ts', '19', 'socket-io')
    expect(code).toBe(0)
    const [, shown = ''] = /^```text\n(bytes in both.*?)^```$/ms.exec(textOf('socket-io.md')) ?? []
    const numbers = (text: string) =>
      Array.from(text.matchAll(/ (\d+) +(\d+)$/gm), ([, a, b]) => [Number(a), Number(b)])
    const [connected = [], message] = numbers(stdout)
    const [shownConnected = [], shownMessage] = numbers(shown)
    expect(message).toEqual(shownMessage)
    // The bytes of a handshake depend on the version of Node, and on the number of digits of the port.
    for (const [i, bytes] of connected.entries()) expect(bytes / (shownConnected[i] ?? 0)).toBeCloseTo(1, 1)
  })
})

describe('the options of ws', () => {
  test('the two servers have different limits, and an unknown path gets a 404', async () => {
    const { port } = await started('options.ts')
    const [chat, files] = await Promise.all([opened(port, '/chat?x'), opened(port, '/files')])
    const large = Buffer.alloc(64 * 1024 + 1)
    files.send(large)
    const [echo, isBinary] = await once(files, 'message')
    expect([echo.length, isBinary]).toEqual([large.length, true])
    files.send('a text')
    expect((await once(files, 'message'))[1]).toBe(false)
    chat.send(large.toString('latin1'))
    expect((await once(chat, 'close'))[0]).toBe(1009)
    for (const path of ['/none', '//', '/chat/']) expect(await statusOf(port, path), path).toBe(404)
    expect(await statusOf(port, '/chat')).toBe(101)
    files.terminate()
  })

  test('a client that does not read is cut off, and the others get every message', async () => {
    const { port } = await started('options.ts')
    const [slow, fast] = await Promise.all([opened(port, '/chat'), opened(port, '/chat')])
    let received = 0
    fast.on('message', () => (received += 1))
    slow.pause()
    const text = 'x'.repeat(60 * 1024)
    // 24 MB. The buffers of the kernel hold some MB before the memory of the server grows.
    for (let sent = 1; sent <= 400; sent++) {
      fast.send(text)
      await until('the message came back', () => received === sent)
    }
    const closed = once(slow, 'close')
    slow.resume()
    expect((await closed)[0]).toBe(1006)
    fast.terminate()
  })
})

describe('HTTP/2', () => {
  test.skipIf(!hasOpenssl)('twenty event streams share one connection (skipped if there is no openssl)', async () => {
    const { port } = await started('streams.ts')
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    const streams = Array.from({ length: 20 }, () => session.request({ ':path': '/' }))
    const texts = await Promise.all(streams.map(async (stream) => String((await once(stream, 'data'))[0])))
    expect(texts).toEqual(streams.map(() => 'data: hello\n\n'))
    session.destroy()
  })
})

describe('phones', () => {
  test('a connection is open while the page is visible, and is not opened twice', async () => {
    const { whileVisible } = await loaded('while-visible.ts')
    const page = Object.assign(new EventTarget(), { visibilityState: 'hidden' })
    Object.assign(globalThis, { document: page })
    onTestFinished(() => void Reflect.deleteProperty(globalThis, 'document'))
    const log: string[] = []
    const end = whileVisible(() => {
      log.push('open')
      return () => log.push('close')
    })
    const turn = (visibilityState: string) => {
      page.visibilityState = visibilityState
      page.dispatchEvent(new Event('visibilitychange'))
    }
    for (const state of ['hidden', 'visible', 'visible', 'hidden', 'visible']) turn(state)
    end()
    turn('hidden')
    turn('visible')
    expect(log).toEqual(['open', 'close', 'open', 'close'])
  })
})

/** Writes all programs into a new folder that has this repository's packages. */
async function laidOut() {
  const files = await filesIn(PROGRAMS)
  symlinkSync(join(REPOSITORY, 'node_modules'), join(files.path, 'node_modules'), 'junction')
  return files
}

async function loaded(name: string) {
  const files = await laidOut()
  onTestFinished(() => files[Symbol.asyncDispose]())
  return import(pathToFileURL(join(files.path, name)).href)
}

/** Starts a program of a page on a free port, with a certificate beside it. Resolves when it accepts connections. */
async function started(name: string) {
  const files = await laidOut()
  const port = await freePort()
  const page = PAGES.map(textOf).find((text) => text.includes('openssl req'))
  const [, command = ''] = /^openssl (req .*)$/m.exec(page ?? '') ?? []
  if (hasOpenssl) spawnSync('openssl', command.split(' '), { cwd: files.path })
  const env = { ...process.env, PORT: String(port) }
  const child = spawn(process.execPath, [name], { cwd: files.path, env, stdio: ['ignore', 'inherit', 'inherit'] })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await files[Symbol.asyncDispose]()
  })
  await until(`${name} listens`, async () => {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    return isOpen
  })
  return { child, port }
}

/** A server that counts its sockets. */
async function counting() {
  const sockets = new WebSocketServer({ noServer: true })
  const { createServer } = await import('node:http')
  const server = createServer()
  let visits = 0
  server.on('upgrade', (asked, socket, head) => {
    visits += 1
    sockets.handleUpgrade(asked, socket, head, () => {})
  })
  const port = await listen(server)
  return {
    address: `ws://127.0.0.1:${port}`,
    clients: () => [...sockets.clients],
    get visits() {
      return visits
    },
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.terminate()
      server.close()
    },
  }
}

async function opened(port: number, path: string): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  client.on('error', () => {})
  await once(client, 'open')
  return client
}

const handshake = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`

async function statusOf(port: number, path: string): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  socket.write(handshake(path))
  const [bytes] = await once(socket, 'data')
  socket.destroy()
  return Number(/^HTTP\/1\.1 (\d+)/.exec(String(bytes))?.[1])
}
