import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createTokenCheck, newToken } from '../../../server/access/tokens.ts'
import type { ErrorMessage } from '../../../server/protocol/feed.ts'
import type { LabMessage } from '../../../server/protocol/lab.ts'
import { get, raw, statusOf } from '../../raw.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

afterEach(() => vi.useRealTimers())

const TOKEN = 'k7f2-9xqm-abcd-0123-wxyz'
const HERE = { name: 'a connection' }
const WRONG = expect.objectContaining({ code: 'wrong-token', statusCode: 403 })
const TOO_MANY = expect.objectContaining({ code: 'too-many-tries', statusCode: 429 })

function tell(act: () => void): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}

test('each generated token is different and has 140 bits, in groups of four letters', () => {
  const tokens = Array.from({ length: 1000 }, newToken)
  for (const token of tokens) expect(token).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){6}[0-9a-hjkmnp-tv-z]{4}$/)
  expect(new Set(tokens).size).toBe(tokens.length)
  // All 32 letters occur, so each of the 28 letters of a token can carry 5 bits.
  expect(new Set(tokens.join('').replaceAll('-', '')).size).toBe(32)
})

test.each([TOKEN, TOKEN.toUpperCase(), ` ${TOKEN}\n`, 'k7f29xqmabcd0123wxyz', 'K7F2 9XQM abcd 0123 wxyz'])(
  'the server accepts "%s" as the instructor’s token',
  (given) => {
    expect(tell(() => createTokenCheck(TOKEN)(given, HERE))).toBe(undefined)
  },
)

test.each(['', 'k7f2', `${TOKEN}z`, TOKEN.replace('k', 'm'), 'x'.repeat(100_000)])(
  'the server refuses the token "%.40s", and the error does not contain this token',
  (given) => {
    const error = tell(() => createTokenCheck(TOKEN)(given, HERE))
    expect(error).toEqual(WRONG)
    expect(String(error)).toBe('Error: That is not the instructor\u2019s token.')
  },
)

test("a server without an instructor's token refuses every token", () => {
  const check = createTokenCheck(undefined)
  for (const given of ['', 'undefined', TOKEN]) expect(tell(() => check(given, HERE))).toEqual(WRONG)
})

test('after ten wrong tokens, the server refuses every token from that connection for the rest of the minute, but not from others', () => {
  vi.useFakeTimers()
  const check = createTokenCheck(TOKEN)
  for (let i = 0; i < 10; i++) {
    expect(tell(() => check('wrong', HERE))).toEqual(WRONG)
    vi.advanceTimersByTime(1000)
  }
  expect(tell(() => check(TOKEN, HERE))).toEqual(TOO_MANY)
  expect(tell(() => check(TOKEN, HERE))).toMatchObject({ retryAfterS: 50, remedy: 'Try again in 50 s.' })
  expect(tell(() => check(TOKEN, { name: 'another' }))).toBe(undefined)
  vi.advanceTimersByTime(50_000)
  expect(tell(() => check(TOKEN, HERE))).toBe(undefined)
})

const ACTS = [
  ['PUT', '/lab/settings', '{"ratePerSecond":2}', 200],
  ['POST', '/lab/cut', '{"how":"FIN"}', 204],
  ['POST', '/lab/restart', '{}', 204],
  ['GET', '/lab/lanes', undefined, 200],
] as const

describe.each(ACTS)('%s %s', (method, path, body, status) => {
  const ask = (origin: string, authorization?: string, query = '') =>
    fetch(`${origin}${path}${query}`, {
      method,
      ...(body && { body }),
      headers: { ...(body && { 'content-type': 'application/json' }), ...(authorization && { authorization }) },
    })

  test("works only if the Authorization header contains the instructor's token", async () => {
    await using server = await serve({ isShared: true, token: TOKEN })
    for (const [authorization, query, code] of [
      [undefined, '', 'not-instructor'],
      [undefined, `?token=${TOKEN}`, 'not-instructor'],
      [`Basic ${TOKEN}`, '', 'not-instructor'],
      ['Bearer wrong', '', 'wrong-token'],
      ['Bearer', '', 'not-instructor'],
    ] as const) {
      const answer = await ask(server.origin, authorization, query)
      expect([answer.status, (await answer.json()).code]).toEqual([403, code])
    }
    expect((await ask(server.origin, `bearer  ${TOKEN.toUpperCase()}`)).status).toBe(status)
  })
})

test('after ten wrong tokens, a connection gets 429 with Retry-After, and the right token works on another connection', async () => {
  await using server = await serve({ isShared: true, token: TOKEN })
  const ask = (token: string, more = '') => get('/lab/lanes', `Authorization: Bearer ${token}\r\n${more}`)
  const close = 'Connection: close\r\n'
  const answers = await raw(server.port, ask('wrong').repeat(10) + ask(TOKEN, close)).closed()
  const statuses = Array.from(answers.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => Number(status))
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 403), 429])
  expect(answers).toMatch(/^retry-after: (?:[1-9]|[1-5]\d|60)\r$/im)
  expect(answers).toMatch(/"code":"too-many-tries","remedy":"Try again in \d+ s\."/)
  expect(statusOf(await raw(server.port, ask(TOKEN, close)).closed())).toBe(200)
})

async function enter(origin: string, query = '', headers = {}) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/lab?room=lobby${query}`, { headers })
  const messages: LabMessage[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  await once(socket, 'open')
  const welcome = await until('the lab has sent its welcome', () => messages.find(({ type }) => type === 'welcome'))
  return {
    socket,
    welcome,
    say: (message: unknown) => socket.send(JSON.stringify(message)),
    /** Resolves with the next message of this type. */
    async next(type: LabMessage['type']) {
      const known = messages.length
      return until(`the lab has sent a new message of type ${type}`, () =>
        messages.slice(known).find((message) => message.type === type),
      )
    },
  }
}

describe('over the lab\u2019s WebSocket', () => {
  const rate = { type: 'settings', settings: { ratePerSecond: 2 } }
  const token = (token: unknown) => ({ type: 'instructor', token })

  test('a client that sends the token becomes the instructor on that socket only', async () => {
    await using server = await serve({ isShared: true, token: TOKEN })
    const [page, other] = [await enter(server.origin), await enter(server.origin, `&token=${TOKEN}`)]
    for (const { welcome, say, next } of [page, other]) {
      expect(welcome).toMatchObject({ instructor: false })
      say(rate)
      expect(await next('error')).toMatchObject({ code: 'not-instructor' })
    }
    page.say(token(TOKEN.toUpperCase()))
    expect(await page.next('instructor')).toEqual({ type: 'instructor', instructor: true })
    page.say(rate)
    expect(await page.next('settings')).toMatchObject({ settings: { ratePerSecond: 2 } })
    other.say(rate)
    expect(await other.next('error')).toMatchObject({ code: 'not-instructor' })
    for (const { socket } of [page, other]) socket.close()
  })

  test('a client that sends a wrong token gets an error with a remedy, even at the eleventh try', async () => {
    await using server = await serve({ isShared: true, token: TOKEN })
    const page = await enter(server.origin)
    for (let i = 0; i < 10; i++) {
      page.say(token('wrong'))
      expect(await page.next('error')).toMatchObject({ code: 'wrong-token', remedy: expect.stringMatching('printed') })
    }
    page.say(token(TOKEN))
    expect(await page.next('error')).toMatchObject({
      code: 'too-many-tries',
      remedy: expect.stringMatching(/in \d+ s/),
    })
    page.say(token(5))
    expect(((await page.next('error')) as ErrorMessage).code).toBe('bad-message')
    page.socket.close()
  })

  test('an instructor who then sends a wrong token remains the instructor', async () => {
    await using server = await serve({ token: TOKEN })
    const page = await enter(server.origin)
    expect(page.welcome).toMatchObject({ instructor: true })
    page.say(token('an old one'))
    await page.next('instructor')
    page.say(rate)
    await page.next('settings')
    page.socket.close()
  })

  test('a client can also send the token in a header', async () => {
    await using server = await serve({ isShared: true, token: TOKEN })
    const page = await enter(server.origin, '', { authorization: `Bearer ${TOKEN}` })
    expect(page.welcome).toMatchObject({ instructor: true })
    page.socket.close()
    await expect(enter(server.origin, '', { authorization: 'Bearer wrong' })).rejects.toThrow('403')
  })
})
