import Type from 'typebox'
import type { Access } from '../access/access.ts'
import { FeedError, quote } from '../http/errors.ts'
import type { Feed } from '../feed/feed.ts'
import type { Limiter } from '../access/limits.ts'
import { PRICES } from '../access/prices.ts'
import { KEY_PATTERN, MESSAGE, Params } from '../http/parameters.ts'
import type { App } from '../http/app-type.ts'

const KEY = new RegExp(KEY_PATTERN)

const schema = {
  summary: 'Publish a message',
  params: Params,
  headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String()) }),
  body: Type.Object({ user: MESSAGE.user, text: MESSAGE.text }),
}

/**
 * Adds the route with which the clients of every transport can publish. A message gets status 201 and its event. A
 * message with a repeated key gets status 200 and the earlier event.
 */
export function servePublish(app: App, feed: Feed, limiter: Limiter, access: Pick<Access, 'checkSpeaker'>): void {
  app.post(
    '/feed/:room',
    { schema, config: { access: 'class', price: PRICES.publish } },
    async ({ raw, params: { room }, headers, body: { user, text } }, reply) => {
      const key = headers['idempotency-key']
      if (key !== undefined && !KEY.test(key)) throw new FeedError('bad-key', `Idempotency-Key is ${quote(key)}.`)
      access.checkSpeaker(raw, { user })
      limiter.message(raw)
      if (!feed.isBegun(room)) limiter.newRoom(raw)
      const { event, repeated } = await feed.publish(room, { type: 'message', user, text }, key)
      return reply
        .code(repeated ? 200 : 201)
        .header('cache-control', 'no-store')
        .send(event)
    },
  )
}
