/**
 * The plain chat: whatever one says goes to every client, the sender included, and to nobody who
 * comes later. No rooms, no cursor, nothing kept: it is what the feed is compared with. Its page is
 * web/chat.html, at the same path.
 */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { WebSocket } from 'ws'
import { counting, hear, heartbeat } from './conversation.ts'
import { FeedError, errorMessage, quote } from './errors.ts'
import type { ChatMessage } from './protocol.ts'
import { MESSAGE, MESSAGE_BYTES } from './transports/transport.ts'
import type { App, Goodbye, Rules } from './transports/transport.ts'
import { SERVICE_RESTART, TRY_AGAIN_LATER, createHandshakes, takeUpgrade } from './upgrade.ts'

const schema = { summary: 'The plain chat; the same as ws://HOST/chat' }

const MESSAGE_SHAPE = Compile(Type.Object({ username: MESSAGE.user, message: MESSAGE.text }))

export function serveChat(
  app: App,
  { limiter, progress, admission, heartbeatMs }: Pick<Rules, 'limiter' | 'progress' | 'admission' | 'heartbeatMs'>,
): Goodbye {
  const handshakes = createHandshakes(MESSAGE_BYTES)

  app.get('/chat/ws', { schema }, async (request, reply) => {
    const { request: raw, socket: wire, head } = takeUpgrade(request, reply)
    handshakes.handleUpgrade(raw, wire, head, (socket) => {
      // A breach of the protocol: ws has sent the close code already, and `close` follows.
      socket.on('error', () => {})
      socket.once(
        'close',
        heartbeat(socket, heartbeatMs, () => app.log.warn('chat client dropped')),
      )
      progress.dropBy(wire, (reason) => socket.close(TRY_AGAIN_LATER, reason))
      const count = counting(socket, raw, limiter)
      const mayPass = ({ username }: ChatMessage): void => {
        admission.checkUser(raw, { user: username })
        count()
      }
      hear(socket, wire, async (text) => answer(text, socket, mayPass))
      try {
        socket.once('close', limiter.hold(raw))
      } catch (error) {
        socket.close(TRY_AGAIN_LATER, error instanceof Error ? error.message : String(error))
      }
    })
  })

  return () => {
    for (const client of handshakes.clients) client.close(SERVICE_RESTART, 'The server restarts.')
  }

  /** What is wrong is told to its sender alone, and the connection stays. */
  function answer(text: string, socket: WebSocket, mayPass: (message: ChatMessage) => void): void {
    try {
      const message = read(text)
      mayPass(message)
      const json = JSON.stringify(message)
      for (const client of handshakes.clients) if (client.readyState === client.OPEN) client.send(json)
    } catch (error) {
      if (!(error instanceof FeedError)) throw error
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(errorMessage(error)))
    }
  }
}

/** Throws `bad-message` with what was wrong. */
function read(text: string): ChatMessage {
  const value = parse(text)
  if (MESSAGE_SHAPE.Check(value))
    return { username: value.username.toWellFormed(), message: value.message.toWellFormed() }
  const [error] = MESSAGE_SHAPE.Errors(value)
  const what = error?.instancePath ? error.instancePath.slice(1) : quote(value)
  throw new FeedError('bad-message', `${what} ${error?.message ?? 'does not fit'}.`, REMEDY)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FeedError(
      'bad-message',
      text === '' ? 'The message is empty or binary.' : `${quote(text)} is no JSON.`,
      REMEDY,
    )
  }
}

const REMEDY = 'Send {"username":"Ada","message":"hello"}: a name of 1 to 64 characters, a text of 1 to 4,000.'
