/** Nothing that a client sends ends the server of a lesson: neither its start, nor its solution, nor its variants. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { exercisesOf, lessons, proofOf, variantsOf } from '../../lessons/kit/course.ts'
import { freePort } from '../../lessons/kit/port.ts'
import { startRedis } from '../../lessons/kit/redis.ts'
import { raw, upgrade } from '../raw.ts'
import { REQUEST, SEED, WS_MESSAGE } from '../server/fuzz.ts'

const REQUESTS = 300
const CONVERSATIONS = 60

const hosts = await Promise.all(
  lessons().map(async (lesson) => {
    const exercises = (await exercisesOf(lesson)).filter(({ hosted }) => hosted.kind === 'server')
    const folders = [
      join(lesson.folder, 'start'),
      join(lesson.folder, 'solution'),
      ...variantsOf(lesson).map((name) => join(proofOf(lesson), 'variants', name)),
    ]
    return exercises.flatMap(({ name, hosted }) =>
      folders.map((folder) => ({
        lesson: lesson.name,
        folder: folder.split('/').slice(-2).join('/'),
        file: join(folder, `${name}.ts`),
        needsRedis: hosted.kind === 'server' && hosted.with === 'redis',
      })),
    )
  }),
)

const PATHS = ['/', '/chat', '/ws', '/feed/lobby/ws', '/?ticket=%zz', '/presence?user=Ada']

test.each(hosts.flat())('$lesson: random input does not end $folder', async ({ file, needsRedis }) => {
  console.log(`FUZZ_SEED=${SEED}`)
  await using redis = needsRedis ? await startRedis() : null
  await using server = await started(file, redis ? (await redis.link()).url : '')
  const { port } = server
  // Where a user has to log in, the attacker is one of the users.
  const cookie = await cookieOf(port)
  const path = fc.constantFrom(...PATHS)
  const request = fc.asyncProperty(REQUEST, async (text) => {
    await using client = raw(port, Buffer.from(text, 'latin1'))
    await within(once(client.socket, 'data'))
    server.expectRunning()
  })
  const conversation = fc.asyncProperty(path, fc.array(WS_MESSAGE, { maxLength: 20 }), async (at, messages) => {
    await within(talk(port, at, cookie, messages))
    server.expectRunning()
  })
  const frames = fc.asyncProperty(path, fc.uint8Array({ minLength: 1, maxLength: 60 }), async (at, bytes) => {
    const client = raw(port, upgrade(at).replace('\r\n\r\n', `\r\nCookie: ${cookie}\r\n\r\n`))
    await within(once(client.socket, 'data'))
    client.socket.end(bytes)
    await client.close()
    server.expectRunning()
  })
  // A server that has ended answers nothing, so a smaller example cannot be found.
  const options = { seed: SEED, endOnFailure: true }
  await fc.assert(request, { ...options, numRuns: REQUESTS })
  await fc.assert(conversation, { ...options, numRuns: CONVERSATIONS })
  await fc.assert(frames, { ...options, numRuns: CONVERSATIONS })
  await server.expectAnswer()
})

/** Waits for at most this time: some responses never come, and only the end of the server is a failure. */
const WAIT_MS = 100

function within(answer: Promise<unknown>): Promise<unknown> {
  return Promise.race([answer.catch(() => {}), delay(WAIT_MS, undefined, { ref: false })])
}

/** Starts the program, and resolves when it accepts connections. */
async function started(file: string, redisUrl: string) {
  const port = await freePort()
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, PORT: String(port), REDIS_URL: redisUrl },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // Also after a time-out, when nothing disposes of the server.
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = once(child, 'close')
  let stderr = ''
  child.stderr.on('data', (text) => (stderr += text))
  const expectRunning = () => expect(child.exitCode ?? child.signalCode, stderr).toBeNull()
  const isOpen = async () => {
    expectRunning()
    await using client = raw(port, '')
    return await once(client.socket, 'connect').then(
      () => true,
      () => false,
    )
  }
  await expect.poll(isOpen, { timeout: 20_000 }).toBe(true)
  return {
    port,
    expectRunning,
    async expectAnswer() {
      await expect.poll(isOpen).toBe(true)
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await closed
    },
  }
}

/** Logs in. Returns the cookie; an empty text if the server knows no users. */
async function cookieOf(port: number): Promise<string> {
  await using client = raw(port, 'POST /login?user=Ada HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n')
  await within(once(client.socket, 'data'))
  return /^set-cookie: ([^;\r]*)/im.exec(client.text())?.[1] ?? ''
}

/** Sends the messages if the server accepts the handshake, and closes the connection. */
function talk(port: number, path: string, cookie: string, messages: readonly (string | Uint8Array)[]): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { cookie } })
  socket.on('error', () => {})
  socket.on('open', () => {
    for (const message of messages) socket.send(message)
    socket.close()
  })
  return new Promise((resolve) => socket.on('close', () => resolve()))
}
