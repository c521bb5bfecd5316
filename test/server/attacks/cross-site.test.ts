/** Requests that a page of another site can make a browser send without a preflight, and the answers it can read. */
import { expect, test } from 'vitest'
import { get, raw, statusOf } from '../../raw.ts'
import { serve } from '../../serve.ts'

const EVIL = 'https://evil.example'

/** Bodies that a form or a script can send to another site without a preflight. */
const FORMS = {
  'text/plain': '{"user":"Eve","text":"hello","x":"="}',
  'application/x-www-form-urlencoded': 'user=Eve&text=hello',
  'multipart/form-data; boundary=x': '--x\r\nContent-Disposition: form-data; name="user"\r\n\r\nEve\r\n--x--\r\n',
}

const TARGETS = [
  ['POST', '/feed/lobby'],
  ['POST', '/lab/cut'],
  ['POST', '/lab/restart'],
  ['PUT', '/lab/settings'],
] as const

for (const [type, body] of Object.entries(FORMS)) {
  test.each(TARGETS)(`a form of ${type} from another site is refused: %s %s`, async (method, path) => {
    await using server = await serve()
    const request = (more: string) =>
      `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n${more}\r\n${body}`
    expect(statusOf(await raw(server.port, request(`Origin: ${EVIL}\r\n`)).closed())).toBe(403)
    expect(statusOf(await raw(server.port, request('Origin: null\r\n')).closed())).toBe(403)
    // Old browsers send a form without Origin. It is refused too.
    expect(statusOf(await raw(server.port, request('')).closed())).toBe(415)
    const after = await raw(server.port, get('/feed/lobby/poll?after=0', 'Connection: close\r\n')).closed()
    expect(statusOf(after)).toBe(204)
  })
}

test.each([
  ['/feed/lobby', 'POST'],
  ['/lab/settings', 'PUT'],
  ['/feed/lobby/poll', 'GET'],
  ['/index.html', 'GET'],
])('the server refuses a preflight for %s, and lets no other origin read a response', async (path, method) => {
  await using server = await serve()
  const ask = (first: string, more: string) =>
    raw(server.port, `${first} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`).closed()
  const preflight = `Origin: ${EVIL}\r\nAccess-Control-Request-Method: ${method}\r\nAccess-Control-Request-Headers: content-type\r\n`
  const answers = [await ask('OPTIONS', preflight), await ask('GET', `Origin: ${EVIL}\r\n`), await ask('GET', '')]
  expect(statusOf(answers[0] ?? '')).toBe(403)
  for (const answer of answers) {
    expect(answer).not.toMatch(/access-control-allow/i)
    expect(answer).toMatch(/cross-origin-resource-policy: same-origin/i)
    expect(answer).toMatch(/x-content-type-options: nosniff/i)
  }
})
