/**
 * The plain chat. The server sends each message to every connected client, including the sender, and stores nothing. A
 * client that connects later gets no earlier message. The chat has no rooms and no cursor, so students can see what the
 * feed adds. The chat's page (web/chat/index.html) and the chat's WebSocket both have the path /chat.
 */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { WebSocket } from 'ws'
import { counting, hear, heartbeat } from '../access/conversation.ts'
import { FeedError, errorMessage, quote } from '../http/errors.ts'
import { PRICES } from '../access/prices.ts'
import type { ChatMessage } from '../protocol/feed.ts'
import { MESSAGE, MESSAGE_BYTES } from '../http/parameters.ts'
import type { App } from '../http/app-type.ts'
import type { Goodbye, Rules } from '../transports/transport.ts'
import { SERVICE_RESTART, TRY_AGAIN_LATER, UNAUTHORIZED, createHandshakes, takeUpgrade } from '../http/upgrade.ts'

const schema = { summary: 'The plain chat; the same as ws://HOST/chat' }

const MESSAGE_SHAPE = Compile(Type.Object({ username: MESSAGE.user, message: MESSAGE.text }))

export function serveChat(
  app: App,
  { limiter, progress, access, heartbeatMs }: Pick<Rules, 'limiter' | 'progress' | 'access' | 'heartbeatMs'>,
): Goodbye {
  const handshakes = createHandshakes(MESSAGE_BYTES)

  const config = { access: 'class', price: PRICES.handshake } as const
  app.get('/chat/ws', { schema, exposeHeadRoute: false, config }, async (request, reply) => {
    const { request: raw, socket: wire, head } = takeUpgrade(request, reply)
    handshakes.handleUpgrade(raw, wire, head, (socket) => {
      // An `error` event means that the client has broken the WebSocket protocol. `ws` has already sent the close code,
      // and the `close` event follows.
      socket.on('error', () => {})
      socket.once(
        'close',
        heartbeat(socket, heartbeatMs, () => app.log.warn('chat client dropped')),
      )
      access.onEnd(raw, () => socket.close(UNAUTHORIZED, 'session-expired'))
      progress.dropBy(wire, (reason) => socket.close(TRY_AGAIN_LATER, reason))
      const count = counting(socket, raw, limiter)
      const mayPass = ({ username }: ChatMessage): void => {
        access.checkSpeaker(raw, { user: username })
        count()
      }
      hear(socket, raw, limiter, async (text) => answer(text, socket, mayPass))
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

  /** Sends a valid message to all clients. Sends an error only to the sender, and keeps the connection open. */
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

/**
 * Returns the message that a text contains. Throws `bad-message` if the message is invalid; the error describes the
 * first wrong part of the message.
 */
function read(text: string): ChatMessage {
  const value = parse(text)
  if (MESSAGE_SHAPE.Check(value))
    return { username: value.username.toWellFormed(), message: value.message.toWellFormed() }
  const [error] = MESSAGE_SHAPE.Errors(value)
  const what = error?.instancePath ? error.instancePath.slice(1) : quote(value)
  throw new FeedError('bad-message', `${what} ${error?.message ?? 'is not allowed'}.`, REMEDY)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FeedError(
      'bad-message',
      text === '' ? 'The message is empty or binary.' : `${quote(text)} is not valid JSON.`,
      REMEDY,
    )
  }
}

const REMEDY =
  'Send {"username":"Ada","message":"hello"}, with a name of 1 to 64 characters and a text of 1 to 4,000 characters.'
