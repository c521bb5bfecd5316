/**
 * Routes for the instructor: mute or remove people, and delete messages and boards. The routes use plain HTTP, so that
 * pages and scripts can call them.
 */
import Type from 'typebox'
import type { Access } from '../access/access.ts'
import { HOLDS_HERE, orElse } from '../access/redis-away.ts'
import type { Boards } from '../board/boards.ts'
import { FeedError, quote } from '../http/errors.ts'
import type { Feed } from '../feed/feed.ts'
import type { Event } from '../protocol/feed.ts'
import type { Moderation } from '../protocol/people.ts'
import { Params } from '../http/parameters.ts'
import type { App } from '../http/app-type.ts'

const config = { access: 'instructor', why: 'Only the instructor may mute, remove or delete.' } as const

const schemas = {
  list: { summary: 'The people who are signed in, muted or removed; for the instructor' },
  person: {
    summary:
      'Mute, remove or sign out a person, or allow the person again; lasts until the server stops, or, with Redis, as long as Redis keeps its data; for the instructor',
    params: Type.Object({ user: Type.String({ minLength: 1, maxLength: 256, description: 'the name of the person' }) }),
    body: Type.Object({
      is: Type.Union(
        ['muted', 'removed', 'signed out', 'allowed'].map((is) => Type.Literal(is)),
        {
          description: '"muted", "removed", "signed out" or "allowed"',
        },
      ),
    }),
  },
  message: {
    summary: 'Remove a message, also from replay; for the instructor',
    params: Type.Object({ ...Params.properties, id: Type.String({ description: 'the id of the message' }) }),
  },
  clear: { summary: 'Remove all messages of a room, also from replay; for the instructor', params: Params },
  board: { summary: 'Delete a board; for the instructor', params: Params },
  boards: { summary: 'Delete all boards; for the instructor' },
}

export function serveModeration(app: App, feed: Feed, boards: Boards, access: Access): void {
  app.get('/moderation', { schema: schemas.list, config }, async (_request, reply): Promise<Moderation> => {
    reply.header('cache-control', 'no-store')
    const signedIn = access.sessions.live().filter(({ user, isInstructor }) => user !== '' && !isInstructor)
    return { signedIn: signedIn.map(({ user }) => user), people: access.bans.list() }
  })

  app.put('/moderation/people/:user', { schema: schemas.person, config }, async ({ params, body: { is } }, reply) => {
    // This route accepts any name, even a name that is not valid for signing in. If signing in is off, people can
    // choose any name.
    const { user } = params
    if (is === 'signed out') {
      const holder = access.sessions.holderOf(user)
      if (holder) await orElse(access.sessions.end(holder), HOLDS_HERE)
    } else await orElse(access.ban(user, is === 'muted' || is === 'removed' ? is : null), HOLDS_HERE)
    return reply.code(204).send()
  })

  app.delete(
    '/feed/:room/messages/:id',
    { schema: schemas.message, config },
    async ({ params: { room, id } }, reply) => {
      const isIt = (event: Event): boolean => event.id === id && event.type === 'message'
      const count = await feed.remove(room, isIt, { type: 'message_removed', target: id })
      if (count === 0) throw new FeedError('unknown-message', `The room ${quote(room)} has no message ${quote(id)}.`)
      return reply.code(204).send()
    },
  )

  app.delete('/feed/:room/messages', { schema: schemas.clear, config }, async ({ params: { room } }, reply) => {
    await feed.remove(room, ({ type }) => type === 'message', { type: 'room_cleared' })
    return reply.code(204).send()
  })

  app.delete('/boards/:room', { schema: schemas.board, config }, async ({ params: { room } }, reply) => {
    await boards.delete(room)
    return reply.code(204).send()
  })

  app.delete('/boards', { schema: schemas.boards, config }, async (_request, reply) => {
    await boards.deleteAll()
    return reply.code(204).send()
  })
}
