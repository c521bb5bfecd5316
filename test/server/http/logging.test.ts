/**
 * Tests of the log of a real process that hostile clients attack: it contains the server's own words and none of
 * theirs.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { FastifyError } from 'fastify'
import { expect, test, vi } from 'vitest'
import { createAccess } from '../../../server/access/access.ts'
import { createApp } from '../../../server/app.ts'
import { LogUnavailable } from '../../../server/feed/log.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { LOG_LEVELS, errorLine } from '../../../server/http/logging.ts'
import { until } from '../../until.ts'

const MAIN = join(import.meta.dirname, '../../../server/main.ts')

/** Text that every hostile request contains. */
const MARK = 'hunter2'

const HOSTILE = `${MARK}\n{"level":"error","msg":"forged"}\r\n\u001b[2J\u2028${MARK}`

const HOST = { host: 'localhost' }

async function logged(level: string): Promise<{ out: string; lines: Record<string, unknown>[] }> {
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--data', ':memory:', '--log', level])
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  try {
    const origin = await until('the server has printed its address', () => /http:\S+/.exec(out)?.[0])
    await attack(origin)
    child.kill('SIGTERM')
    const [code] = await once(child, 'close')
    expect(code).toBe(0)
  } finally {
    child.kill('SIGKILL')
  }
  expect(out + err).not.toContain(MARK)
  expect(out + err).not.toContain('\u001b')
  return {
    out,
    lines: err
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  }
}

/** Sends the mark as text, name, key and token, in URLs and headers, by every route, in valid and invalid requests. */
async function attack(origin: string): Promise<void> {
  const token = encodeURIComponent(HOSTILE)
  const headers = {
    authorization: `Bearer ${MARK}`,
    cookie: `session=${MARK}`,
    'user-agent': MARK,
    referer: `http://example.test/${MARK}`,
    'x-forwarded-for': MARK,
    'x-request-id': MARK,
  }
  const get = (path: string) => fetch(origin + path, { headers }).then((response) => response.text())
  const post = (body: string, more: Record<string, string> = {}) =>
    fetch(`${origin}/feed/lobby?token=${token}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', ...more },
      body,
    }).then((response) => response.text())

  await post(JSON.stringify({ user: HOSTILE.slice(0, 60), text: HOSTILE }), { 'idempotency-key': MARK })
  for (const body of [MARK, `{"user":"${MARK}"`, JSON.stringify({ user: 7, text: HOSTILE })]) await post(body)
  await post('{}', { 'content-type': `text/${MARK}` })
  await post('{}', { origin: `http://${MARK}.test` })
  for (const path of [
    `/feed/lobby/poll?after=0&token=${token}`,
    `/feed/${token}/poll`,
    `/feed/lobby/poll?after=${token}`,
    `/feed/lobby/long-poll?wait=${token}`,
    `/${token}`,
    `/%ff${MARK}`,
    `/source/${token}.ts`,
  ])
    await get(path)
  await raw(origin, `GET / HTTP/1.1\r\nHost: ${MARK}.test\r\n\r\n`)
  await raw(origin, `${MARK} not HTTP at all\r\n\r\n`)

  const socket = new WebSocket(`${origin.replace('http', 'ws')}/feed/lobby/ws?token=${token}`)
  const answers: string[] = []
  socket.onmessage = ({ data }) => answers.push(String(data))
  await once(socket, 'open')
  for (const text of [
    HOSTILE,
    JSON.stringify({ type: HOSTILE }),
    JSON.stringify({ type: 'message', user: MARK, text: HOSTILE }),
  ])
    socket.send(text)
  await until('four responses have arrived', () => answers.length >= 4)
  socket.close()
  await once(socket, 'close')
}

async function raw(origin: string, request: string): Promise<void> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  socket.resume()
  socket.end(request)
  await once(socket, 'close')
}

test.each(LOG_LEVELS)(
  'at level %s, every line of the log has the format of the server and contains nothing that a client sent',
  async (level) => {
    const { out, lines } = await logged(level)
    expect(out).toMatch(/^Fourwire is at http:/)
    expect(JSON.stringify(lines)).not.toContain('forged')
    const said = lines.map(({ msg }) => msg)
    const isTold = level === 'info' || level === 'debug'
    expect(said.includes('stopping') && said.includes('stopped')).toBe(isTold)
    expect(said.some((msg) => String(msg).startsWith('listening at http:'))).toBe(isTold)
    expect(said.includes('answered')).toBe(level === 'debug')
    for (const line of lines) expect(line).toMatchObject({ level: expect.any(String), time: expect.any(String) })
    if (level !== 'debug') return
    // A client's address would appear next to its request. The server's own address appears only where it starts to
    // listen.
    const answered = lines.filter(({ msg }) => msg === 'answered')
    expect(JSON.stringify(answered)).not.toMatch(/127\.0\.0\.1|token|after=/)
    expect(answered).toContainEqual(
      expect.objectContaining({ req: { method: 'POST', route: '/feed/:room' }, status: 201 }),
    )
  },
)

test('the server logs a failed request, a dropped client and, only once, an event log that fails', async () => {
  const lines: Record<string, unknown>[] = []
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    lines.push(JSON.parse(String(line)))
    return true
  })
  try {
    const kept = memoryLog()
    await kept.append('lobby', { type: 'message', user: 'Ada', text: MARK })
    let isBroken = true
    await using app = await createApp({
      log: {
        ...kept,
        append: (...args) =>
          isBroken ? Promise.reject(new LogUnavailable('The disk is full.')) : kept.append(...args),
        read: () => Promise.reject(new RangeError('The disk is gone.')),
      },
      access: createAccess(),
      logLevel: 'info',
    })
    const publish = () =>
      app.inject({ method: 'POST', url: '/feed/lobby', headers: HOST, payload: { user: MARK, text: MARK } })
    await publish()
    await publish()
    isBroken = false
    await publish()
    await app.inject({ url: `/feed/lobby/poll?after=0&lane=${MARK}`, headers: HOST })
    await app.inject({ url: '/feed/lobby/sse?after=0', headers: HOST }).catch(() => {})
  } finally {
    stderr.mockRestore()
  }
  expect(JSON.stringify(lines)).not.toContain(MARK)
  expect(lines.map(({ level, msg }) => `${level}: ${msg}`)).toEqual([
    'error: event log cannot be written',
    'info: event log can be written again',
    'error: request failed',
    'error: delivering failed',
    'warn: client dropped',
  ])
  expect(lines[0]).toMatchObject({ err: { message: 'The disk is full.' } })
  expect(lines[2]).toMatchObject({
    req: { method: 'GET', route: '/feed/:room/poll' },
    err: { type: 'RangeError', message: 'The disk is gone.' },
  })
  expect(lines[4]).toMatchObject({ transport: 'sse', reason: 'delivering failed' })
})

test('a logged error contains its type and stack, and an error of a parser does not quote the parsed text', () => {
  let error: unknown
  try {
    JSON.parse(MARK)
  } catch (thrown) {
    error = thrown
  }
  const line = errorLine(error as FastifyError)
  expect(line).toMatchObject({ type: 'SyntaxError', message: '', stack: expect.stringContaining('logging.test.ts') })
  expect(JSON.stringify(line)).not.toContain(MARK)
  expect(errorLine(new RangeError('Too far.') as FastifyError)).toMatchObject({
    type: 'RangeError',
    message: 'Too far.',
  })
})

test('the server refuses an unknown log level with the list of valid levels', async () => {
  const child = spawn(process.execPath, [MAIN, '--log', 'loud'])
  let err = ''
  child.stderr.on('data', (chunk) => (err += chunk))
  expect((await once(child, 'close'))[0]).toBe(2)
  expect(err).toMatch(/--log is "loud"\. Set it to one of silent, error, warn, info, debug/)
})
