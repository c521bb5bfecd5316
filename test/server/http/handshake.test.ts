/** Tests of the opening handshake of every WebSocket, by the byte (RFC 6455, section 4.2). */
import { expect, test } from 'vitest'
import { raw } from '../../raw.ts'
import { serve } from '../../serve.ts'

const SOCKETS = ['/feed/lobby/ws', '/ws', '/', '/chat', '/chat/ws', '/lab?room=lobby']

const FIELDS = {
  Host: 'localhost',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

type Changed = Partial<Record<keyof typeof FIELDS | 'Origin' | 'Sec-WebSocket-Protocol', string | null>>

/** Returns the head of the response to a handshake with changed fields. Null leaves a field out. */
async function shake(port: number, target: string, changed: Changed = {}, version = '1.1'): Promise<string> {
  const fields = Object.entries<string | null>({ ...FIELDS, ...changed })
  const head = fields.filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`)
  const client = raw(port, `GET ${target} HTTP/${version}\r\n${head.join('')}\r\n`)
  while (!client.text().includes('\r\n\r\n')) await new Promise((resolve) => client.socket.once('data', resolve))
  const isRefused = !client.text().startsWith('HTTP/1.1 101 ')
  const text = isRefused && !client.text().startsWith('HTTP/1.1 200 ') ? await client.closed() : client.text()
  await client.close()
  return text
}

const statusOf = (answer: string) => Number(answer.split(' ')[1])

test.each(SOCKETS)('the WebSocket %s accepts every form of a handshake that RFC 6455 allows', async (path) => {
  await using server = await serve()
  const authority = `localhost:${server.port}`
  const opened: [string, Changed][] = [
    [path, {}],
    [`http://${authority}${path}`, {}],
    [`HTTP://LOCALHOST${path}`, {}],
    [`http://${authority}${path}`, { Host: 'evil.test' }],
    [path, { Upgrade: 'WebSocket' }],
    [path, { Upgrade: 'h2c, websocket' }],
    [path, { Upgrade: 'WEBSOCKET , h2c' }],
    [path, { Connection: 'keep-alive, upgrade' }],
    [path, { Host: authority, Origin: `http://${authority.toUpperCase()}`.replace('HTTP', 'http') }],
  ]
  for (const [target, changed] of opened) {
    const answer = await shake(server.port, target, changed)
    expect([target, changed, statusOf(answer)]).toEqual([target, changed, 101])
    expect(answer).toMatch(/^sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/im)
  }
})

test.each(SOCKETS)('the WebSocket %s selects no subprotocol, whatever a client offers', async (path) => {
  await using server = await serve()
  for (const offered of ['mqtt', 'chat, superchat', 'graphql-transport-ws']) {
    const answer = await shake(server.port, path, { 'Sec-WebSocket-Protocol': offered })
    expect(statusOf(answer)).toBe(101)
    expect(answer).not.toMatch(/sec-websocket-protocol/i)
  }
})

test.each(SOCKETS)(
  'the WebSocket %s accepts only version 13 of the protocol, and a refusal names this version',
  async (path) => {
    await using server = await serve()
    for (const version of ['8', '25', '0', '13, 8', '-13', '13.0', 'abc', '', null]) {
      const answer = await shake(server.port, path, { 'Sec-WebSocket-Version': version })
      expect([version, statusOf(answer)]).toEqual([version, 426])
      expect(answer).toMatch(/^sec-websocket-version: 13\r$/im)
      expect(answer).toMatch(/^upgrade: websocket\r$/im)
      expect(answer).toMatch(/^content-type: application\/problem\+json/im)
      expect(answer).toMatch(/"code":"upgrade-required"/)
    }
  },
)

test.each(SOCKETS)('the WebSocket %s refuses a malformed handshake, and the error gives the reason', async (path) => {
  await using server = await serve()
  const refused: [Changed, number, RegExp][] = [
    [{ 'Sec-WebSocket-Key': null }, 400, /Sec-WebSocket-Key is missing/],
    [{ 'Sec-WebSocket-Key': '' }, 400, /Sec-WebSocket-Key is/],
    [{ 'Sec-WebSocket-Key': 'c2hvcnQ=' }, 400, /c2hvcnQ=/],
    [{ 'Sec-WebSocket-Key': `${FIELDS['Sec-WebSocket-Key']}AAAA` }, 400, /AAAA/],
    [{ 'Sec-WebSocket-Key': 'not base 64 at all, but 24' }, 400, /not base 64/],
    [{ 'Sec-WebSocket-Protocol': ',,' }, 400, /Sec-WebSocket-Protocol/],
    [{ Connection: 'keep-alive' }, 426, /plain HTTP/],
    [{ Origin: 'http://evil.test' }, 403, /evil\.test/],
    [{ Origin: 'null' }, 403, /null/],
    [{ Host: 'evil.test' }, 421, /evil\.test/],
    [{ Host: null }, 400, /no Host/],
  ]
  for (const [changed, status, reason] of refused) {
    const answer = await shake(server.port, path, changed)
    expect([changed, statusOf(answer)]).toEqual([changed, status])
    expect(answer).toMatch(/^content-type: application\/problem\+json/im)
    expect(answer).toMatch(reason)
  }
})

test.each(SOCKETS)(
  'the WebSocket %s refuses a handshake in HTTP/1.0, and the error shows how to configure a proxy',
  async (path) => {
    await using server = await serve()
    for (const connection of ['Upgrade', 'keep-alive, Upgrade']) {
      const answer = await shake(server.port, path, { Connection: connection }, '1.0')
      expect(statusOf(answer)).toBe(426)
      expect(answer).toMatch(/HTTP\/1\.0.*proxy_http_version 1\.1/)
    }
  },
)

test('a handshake whose absolute target names another site opens no WebSocket, whatever its Host field is', async () => {
  await using server = await serve()
  for (const path of SOCKETS) expect(statusOf(await shake(server.port, `http://evil.test${path}`))).toBe(421)
})
