import Type from 'typebox'
import type { Admission } from './auth/admission.ts'
import { FeedError, quote } from './errors.ts'
import type { Feed } from './feed/feed.ts'
import type { Limiter } from './limits.ts'
import { KEY_PATTERN, MESSAGE, Params } from './transports/transport.ts'
import type { App } from './transports/transport.ts'

const KEY = new RegExp(KEY_PATTERN)

const schema = {
  summary: 'Publish a message',
  params: Params,
  headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String()) }),
  body: Type.Object({ user: MESSAGE.user, text: MESSAGE.text }),
}

/** The way up for everyone: 201 with the event, or 200 with the earlier one when its key is repeated. */
export function servePublish(app: App, feed: Feed, limiter: Limiter, admission: Admission): void {
  app.post('/feed/:room', { schema }, async ({ raw, params: { room }, headers, body: { user, text } }, reply) => {
    const key = headers['idempotency-key']
    if (key !== undefined && !KEY.test(key)) throw new FeedError('bad-key', `Idempotency-Key is ${quote(key)}.`)
    admission.checkUser(raw, { user })
    limiter.message(raw)
    const { event, repeated } = await feed.publish(room, { type: 'message', user, text }, key)
    return reply
      .code(repeated ? 200 : 201)
      .header('cache-control', 'no-store')
      .send(event)
  })
}
