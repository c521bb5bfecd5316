/** A client of a WebSocket (RFC 6455), over a plain socket. */
import { createHash, randomBytes } from 'node:crypto'
import type { ClientListener, ComparedConnection } from '../adapter.ts'
import { messageOf } from '../trouble.ts'
import { now } from '../now.ts'
import { OPCODE, createFrameReader, maskedFrame } from './frames.ts'
import type { Frame } from './frames.ts'
import { createResponseReader } from './response.ts'
import type { ResponseHead } from './response.ts'
import { openSocket, reasonOf, refusal, requestText, tlsHint } from './socket.ts'
import type { Connecting } from './socket.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Opens a WebSocket. Its handshake is HTTP/1.1, whatever `connecting` wants. */
export function openWebSocket(
  url: URL,
  client: ClientListener,
  connecting: Connecting = {},
): ComparedConnection & { send(text: string): void } {
  const { socket, bytes } = openSocket(url, connecting)
  const key = randomBytes(16).toString('base64')
  /** Frames of a message whose last frame has not arrived. */
  let parts: Buffer[] = []
  let atMs = 0
  let isClosed = false

  const readFrames = createFrameReader(take)
  const read = createResponseReader({ head: check, body: readFrames, end: () => fail('the server sent no WebSocket') })
  const fields = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': 13,
    'Sec-WebSocket-Key': key,
  }
  socket.write(requestText('GET', url, fields, connecting))
  socket.on('data', (bytes: Buffer) => {
    atMs = now()
    try {
      read(bytes)
    } catch (error) {
      fail(messageOf(error))
    }
  })
  socket.on('error', (error) => fail(reasonOf(error)))
  socket.on('close', () => fail(`the server closed the connection${bytes().bytesDown === 0 ? tlsHint(url) : ''}`))

  return {
    close,
    send: (text) => void socket.write(maskedFrame(OPCODE.text, Buffer.from(text))),
    usage: () => ({ ...bytes(), requests: 1 }),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  }

  function check({ status, fields }: ResponseHead): void {
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64')
    if (status !== 101) fail(`the handshake for ${url.pathname} ${refusal(status, 101, url)}`)
    else if (fields.get('sec-websocket-accept') !== accept) fail('the handshake returned a wrong Sec-WebSocket-Accept')
    else client.live()
  }

  function take({ opcode, isLast, payload }: Frame): void {
    if (isClosed) return
    if (opcode === OPCODE.ping) socket.write(maskedFrame(OPCODE.pong, payload))
    else if (opcode === OPCODE.close) fail(`the server closed the WebSocket${codeOf(payload)}`)
    else if (opcode < OPCODE.close) {
      parts.push(payload)
      if (!isLast) return
      const text = (parts.length === 1 ? payload : Buffer.concat(parts)).toString()
      parts = []
      client.received(text, atMs)
    }
  }

  function close(): void {
    isClosed = true
    socket.destroy()
  }

  function fail(why: string): void {
    if (isClosed) return
    close()
    client.failed(why)
  }
}

const codeOf = (payload: Buffer): string => (payload.length < 2 ? '' : ` with the code ${payload.readUInt16BE(0)}`)
