import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { handshakeLines } from '../../../web/inspect/handshake.ts'

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

// The key of RFC 6455, section 1.3.
test('the inspector shows step by step how the accept value follows from the key', () => {
  const key = 'dGhlIHNhbXBsZSBub25jZQ=='
  const sha1 = createHash('sha1').update(`${key}${guid}`).digest('hex')
  const lines = handshakeLines({ key, guid, sha1, accept: ACCEPT }, ACCEPT)
  expect(lines.map(({ bytes }) => bytes)).toEqual([
    key,
    `+ ${guid}`,
    `${key}${guid}`,
    'b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea',
    ACCEPT,
    ACCEPT,
  ])
  expect(lines.at(-1)?.meaning).toBe('the value that the server sent: equal')
})

test('the inspector reports a wrong or missing accept value', () => {
  const sha1 = '00'.repeat(20)
  const told = (sent?: string) => handshakeLines({ key: 'k', guid, sha1, accept: ACCEPT }, sent).at(-1)?.meaning
  expect(told('x')).toBe('the value that the server sent: not equal, so a client must end the connection')
  expect(told()).toBe('the server sent no sec-websocket-accept, so a client must end the connection')
})

const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
