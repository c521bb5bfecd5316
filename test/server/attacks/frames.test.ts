/** Frames that no correct client sends. Each ends its own connection with the close code of RFC 6455, and no other connection. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { rawWebSocket } from '../../raw.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'
import { frame } from '../wire/frame.ts'

const TEXT = 1
const CLOSE = 8
const PING = 9
const PONG = 10

const masked = (data: Buffer | string, opcode = TEXT, fin = true): Buffer =>
  frame(Buffer.from(data), { opcode, fin, mask: true })

const closing = (code: number, reason: Buffer | string = ''): Buffer =>
  masked(Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]), CLOSE)

/** Frame head that promises a number of bytes, without the bytes. */
function promising(bytes: bigint): Buffer {
  const head = Buffer.alloc(14)
  head.set([0x81, 0xff])
  head.writeBigUInt64BE(bytes, 2)
  return head
}

const BAD_UTF8 = Buffer.from([0x48, 0xc3, 0x28])
const HALF_A_CHARACTER = Buffer.from([0xe2, 0x82])

test.each([
  ['an unmasked frame', frame(Buffer.from('{}')), 1002],
  ['the first reserved bit, for a compression that was never agreed on', masked('{}', TEXT | 0x40), 1002],
  ['the second reserved bit', masked('{}', TEXT | 0x20), 1002],
  ['the third reserved bit', masked('{}', TEXT | 0x10), 1002],
  ['a reserved opcode', masked('{}', 3), 1002],
  ['a reserved control opcode', masked('', 11), 1002],
  ['text that is not UTF-8', masked(BAD_UTF8), 1007],
  ['text that ends in the middle of a character', masked(HALF_A_CHARACTER), 1007],
  ['fragments that together are not UTF-8', [masked(HALF_A_CHARACTER, TEXT, false), masked('x', 0)], 1007],
  ['a message of more than 16 KiB', masked('x'.repeat(16 * 1024 + 1)), 1009],
  ['a length of 16 KiB and one byte, before any payload has arrived', promising(16_385n), 1009],
  ['a length above the safe integers', promising(2n ** 63n - 1n), 1009],
  [
    'fragments of one byte each that add up to more than 16 KiB',
    [masked('x', TEXT, false), ...Array.from({ length: 16 * 1024 }, () => masked('x', 0, false))],
    1009,
  ],
  [
    'too many empty fragments',
    [masked('', TEXT, false), ...Array.from({ length: 131_072 }, () => masked('', 0, false))],
    1008,
  ],
  ['a ping of 126 bytes', masked('x'.repeat(126), PING), 1002],
  ['a ping in fragments', masked('x', PING, false), 1002],
  ['a continuation without a message', masked('x', 0), 1002],
  ['a message in the middle of another', [masked('a', TEXT, false), masked('b')], 1002],
  ['a close of one byte', masked('x', CLOSE), 1002],
  ['a close with 0', closing(0), 1002],
  ['a close with 999', closing(999), 1002],
  ['a close with 1004', closing(1004), 1002],
  ['a close with 1005, which is never sent', closing(1005), 1002],
  ['a close with 1006, which is never sent', closing(1006), 1002],
  ['a close with 1015, which is never sent', closing(1015), 1002],
  ['a close with 2999', closing(2999), 1002],
  ['a close with 5000', closing(5000), 1002],
  ['a close whose reason is not UTF-8', closing(1000, BAD_UTF8), 1007],
  ['a close of 126 bytes', closing(1000, 'x'.repeat(124)), 1002],
  // A correct close is answered with the same code.
  ['a close with 1000', closing(1000, 'bye'), 1000],
  ['a close with 4999', closing(4999), 4999],
])('%s makes the server close only the connection that sent it', async (_what, sends, code) => {
  await using server = await serve()
  const bystander = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws`)
  let heard = ''
  bystander.on('message', (data) => (heard += String(data)))
  await once(bystander, 'open')
  for (const path of ['/feed/lobby/ws', '/', '/lab?room=lobby']) {
    const client = await rawWebSocket(server.port, path)
    client.socket.write(Buffer.concat([sends].flat()))
    expect(await until(`the server has sent a close frame on ${path}`, () => closeCode(client.text())), path).toBe(code)
    await client.close()
  }
  await server.publish('all are served')
  await until('another client gets its message', () => heard.includes('all are served'))
  expect(bystander.readyState).toBe(WebSocket.OPEN)
  bystander.close()
  await until('the server has no open connection', async () => {
    server.app.server.closeIdleConnections()
    return (await server.connections()) === 0
  })
})

test('the server answers a ping between the fragments of a message, and reads the message correctly', async () => {
  await using server = await serve()
  const client = await rawWebSocket(server.port)
  client.socket.write(Buffer.concat([masked('{"type":', TEXT, false), masked('odd', PING), masked('"ping"}', 0)]))
  await until(
    'the ping and the message are answered',
    () => client.text().includes('\x8a\x03odd') && client.text().includes('"pong"'),
  )
  await client.close()
})

test.each(['/feed/lobby/ws', '/', '/chat', '/lab?room=lobby'])(
  'the WebSocket %s answers every ping of a TCP segment with many pings, and accepts a segment with many pongs or messages',
  async (path) => {
    await using server = await serve()
    const client = await rawWebSocket(server.port, path)
    const many = <T>(sent: T) => Array.from({ length: 64 }, () => sent)
    client.socket.write(Buffer.concat(many(masked('tick', PING))))
    await until('all pings are answered', () => client.text().split('\x8a\x04tick').length === 65)
    client.socket.write(Buffer.concat([...many(masked('', PONG)), ...many(masked('{}'))]))
    await until('all 64 messages are answered', () => client.text().split('"code":"bad-message"').length === 65)
    client.socket.write(Buffer.concat(many([masked('{', TEXT, false), masked('tock', PING), masked('}', 0)]).flat()))
    await until(
      'all fragmented messages are answered',
      () => client.text().split('"code":"bad-message"').length === 129,
    )
    expect(client.text().split('\x8a\x04tock')).toHaveLength(65)
    expect(closeCode(client.text())).toBe(undefined)
    await client.close()
  },
)

test('the server correctly reads a WebSocket message that arrives byte by byte', async () => {
  await using server = await serve()
  const client = await rawWebSocket(server.port)
  const text = '{"type":"message","user":"Ada","text":"€ 𝄞"}'
  const bytes = [...Buffer.from(text)]
  const fragments = bytes.map((byte, i) => masked(Buffer.from([byte]), i === 0 ? TEXT : 0, i === bytes.length - 1))
  for (const byte of Buffer.concat(fragments)) client.socket.write(Buffer.from([byte]))
  await until('the message is published', () => Buffer.from(client.text(), 'latin1').includes('"text":"€ 𝄞"'))
  await client.close()
})

/** Returns the code of the close frame after the handshake; undefined if there is none yet. */
function closeCode(text: string): number | undefined {
  const bytes = Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1')
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = (bytes[at + 1] ?? 0) & 0x7f
    const head = short < 126 ? 2 : 4
    const length = short < 126 ? short : bytes.readUInt16BE(at + 2)
    if (((bytes[at] ?? 0) & 15) === CLOSE && at + 4 <= bytes.length) return bytes.readUInt16BE(at + 2)
    at += head + length
  }
  return undefined
}
