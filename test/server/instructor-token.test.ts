import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createTokenCheck, newToken } from '../../server/instructor-token.ts'
import type { ErrorMessage, LabMessage } from '../../server/protocol.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'

afterEach(() => vi.useRealTimers())

const TOKEN = 'k7f2-9xqm-abcd-0123-wxyz'
const HERE = '192.0.2.1'
const WRONG = expect.objectContaining({ code: 'wrong-token', statusCode: 403 })
const TOO_MANY = expect.objectContaining({ code: 'too-many-tries', statusCode: 429 })

function tell(act: () => void): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}

test('a new token is 100 bits in groups of four, and another one each time', () => {
  const tokens = Array.from({ length: 1000 }, newToken)
  for (const token of tokens) expect(token).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){4}[0-9a-hjkmnp-tv-z]{4}$/)
  expect(new Set(tokens).size).toBe(tokens.length)
  // Every one of the 32 letters, so that each of the 20 has its 5 bits.
  expect(new Set(tokens.join('').replaceAll('-', '')).size).toBe(32)
})

test.each([TOKEN, TOKEN.toUpperCase(), ` ${TOKEN}\n`, 'k7f29xqmabcd0123wxyz', 'K7F2 9XQM abcd 0123 wxyz'])(
  '"%s" is the token',
  (given) => {
    expect(tell(() => createTokenCheck(TOKEN)(given, HERE))).toBe(undefined)
  },
)

test.each(['', 'k7f2', `${TOKEN}z`, TOKEN.replace('k', 'm'), 'x'.repeat(100_000)])(
  '"%.40s" is not, and is told so without being repeated',
  (given) => {
    const error = tell(() => createTokenCheck(TOKEN)(given, HERE))
    expect(error).toEqual(WRONG)
    expect(String(error)).toBe('Error: That is not the instructor\u2019s token.')
  },
)

test('where there is no token none is right', () => {
  const check = createTokenCheck(undefined)
  for (const given of ['', 'undefined', TOKEN]) expect(tell(() => check(given, HERE))).toEqual(WRONG)
})

test('after ten wrong ones an address has to wait for the rest of its minute, with the right one too', () => {
  vi.useFakeTimers()
  const check = createTokenCheck(TOKEN)
  for (let i = 0; i < 10; i++) {
    expect(tell(() => check('wrong', HERE))).toEqual(WRONG)
    vi.advanceTimersByTime(1000)
  }
  expect(tell(() => check(TOKEN, HERE))).toEqual(TOO_MANY)
  expect(tell(() => check(TOKEN, HERE))).toMatchObject({ retryAfterS: 50, remedy: 'Try again in 50 s.' })
  expect(tell(() => check(TOKEN, '192.0.2.2'))).toBe(undefined)
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

  test('is done for who sends the token in its header, and for nobody else', async () => {
    await using server = await serve({ isInstructor: false, token: TOKEN })
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

test('too many wrong ones are answered by 429 and Retry-After', async () => {
  await using server = await serve({ isInstructor: false, token: TOKEN })
  const ask = (token: string) => fetch(`${server.origin}/lab/lanes`, { headers: { authorization: `Bearer ${token}` } })
  for (let i = 0; i < 10; i++) expect((await ask('wrong')).status).toBe(403)
  const answer = await ask(TOKEN)
  expect(answer.status).toBe(429)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60)
  expect(await answer.json()).toMatchObject({ code: 'too-many-tries', remedy: expect.stringMatching(/in \d+ s/) })
})

async function enter(origin: string, query = '', headers = {}) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/lab?room=lobby${query}`, { headers })
  const messages: LabMessage[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  await once(socket, 'open')
  const welcome = await until('it is welcomed', () => messages.find(({ type }) => type === 'welcome'))
  return {
    socket,
    welcome,
    say: (message: unknown) => socket.send(JSON.stringify(message)),
    /** The next of these that comes. */
    async next(type: LabMessage['type']) {
      const known = messages.length
      return until(`a ${type} has come`, () => messages.slice(known).find((message) => message.type === type))
    },
  }
}

describe('over the lab\u2019s WebSocket', () => {
  const rate = { type: 'settings', settings: { ratePerSecond: 2 } }
  const token = (token: unknown) => ({ type: 'instructor', token })

  test('who says the token is the instructor from then on, and only on that socket', async () => {
    await using server = await serve({ isInstructor: false, token: TOKEN })
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

  test('a wrong one is told so, and what to do, and so is the eleventh', async () => {
    await using server = await serve({ isInstructor: false, token: TOKEN })
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

  test('who is the instructor already stays so, whatever the token', async () => {
    await using server = await serve({ token: TOKEN })
    const page = await enter(server.origin)
    expect(page.welcome).toMatchObject({ instructor: true })
    page.say(token('an old one'))
    await page.next('instructor')
    page.say(rate)
    await page.next('settings')
    page.socket.close()
  })

  test('a client that can send headers sends it there', async () => {
    await using server = await serve({ isInstructor: false, token: TOKEN })
    const page = await enter(server.origin, '', { authorization: `Bearer ${TOKEN}` })
    expect(page.welcome).toMatchObject({ instructor: true })
    page.socket.close()
    await expect(enter(server.origin, '', { authorization: 'Bearer wrong' })).rejects.toThrow('403')
  })
})
