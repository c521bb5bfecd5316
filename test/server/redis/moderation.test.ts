/** Tests of moderation by an instructor at one of several servers on a real Redis. */
import { describe, expect, test } from 'vitest'
import { HAS_REDIS } from '../../redis.ts'
import { until } from '../../until.ts'
import {
  asInstructor,
  ask,
  bearer,
  moderate,
  openSocket,
  openStream,
  pollWith,
  serverOn,
  signIn,
  startClass,
  tokenOf,
} from './class.ts'
import type { ClassReply } from './class.ts'

const say = (user: string, text = 'hello') => ({ user, text })

describe.skipIf(!HAS_REDIS)('with two servers on one Redis', () => {
  test('a person who is removed at one server loses the streams at the other, and is refused by both', async () => {
    const { one, other } = await startClass()
    const token = await tokenOf(other, 'Ben')
    const { closed } = await openSocket(other, `/feed/lobby/ws?token=${token}`)
    const stream = await openStream(other, '/feed/lobby/sse', bearer(token))
    await moderate(one, 'ben', 'removed')
    expect(await closed).toBe(3000)
    await stream.closed
    // Both streams have ended, so both servers have the ban.
    for (const server of [one, other, one, other]) {
      expect((await signIn(server, 'Ben')).body['code']).toBe('removed-person')
      expect(await pollWith(server, bearer(token))).toBe(401)
    }
    await moderate(other, 'Ben', 'allowed')
    await until('Ben may sign in at the first server', async () => (await signIn(one, 'Ben')).status === 200)
  })

  test('a person who signs in at one server while the instructor removes the person at the other cannot stay', async () => {
    const { one, other } = await startClass()
    for (let i = 0; i < 10; i++) {
      const name = `Ben ${i}`
      const [{ status, body }] = await Promise.all([signIn(other, name), moderate(one, name, 'removed')])
      // The end of the session also closes the connection of a request that is being answered.
      const code = async (reply: Promise<ClassReply>) => (await reply.catch(() => null))?.body['code']
      if (status === 200)
        await until('the session ends', async () =>
          code(ask(other, 'GET', '/feed/lobby/poll', undefined, bearer(body['token'] ?? ''))),
        )
      await until('the other server has the ban', async () => (await code(signIn(other, name))) === 'removed-person')
    }
    const { body } = await ask(other, 'GET', '/moderation', undefined, asInstructor)
    expect(body['signedIn']).toEqual([])
  })

  test('a person who is muted at one server cannot publish at the other, also over an open WebSocket', async () => {
    const { one, other } = await startClass()
    const token = await tokenOf(one, 'Ben')
    const { socket, heard } = await openSocket(other, `/feed/lobby/ws?token=${token}`)
    await moderate(one, 'Ben', 'muted')
    await until('the other server has the ban', async () => {
      const { body } = await ask(other, 'POST', '/feed/lobby', say('Ben'), bearer(token))
      return body['code'] === 'muted'
    })
    socket.send(JSON.stringify({ type: 'message', ...say('Ben') }))
    await until('the message is refused', () => heard.some(({ code }) => code === 'muted'))
    expect(await pollWith(other, bearer(token))).toBe(200)
    await moderate(other, 'Ben', 'allowed')
    await until('Ben may publish at the first server', async () => {
      return (await ask(one, 'POST', '/feed/lobby', say('Ben'), bearer(token))).status === 201
    })
  })

  test('a person who is signed out at one server is signed out at both', async () => {
    const { one, other } = await startClass()
    const token = await tokenOf(other, 'Ben')
    const { closed } = await openSocket(other, `/feed/lobby/ws?token=${token}`)
    await moderate(one, 'Ben', 'signed out')
    expect(await closed).toBe(3000)
    for (const server of [one, other]) expect(await pollWith(server, bearer(token))).toBe(401)
    expect((await signIn(one, 'Ben')).status).toBe(200)
  })

  test('without signing in, a page that used the name loses its streams at the other server, and cannot hop', async () => {
    const { one, other } = await startClass({ auth: undefined })
    await ask(other, 'POST', '/feed/lobby?lane=p1.sse', say('Ben'))
    const named = await openSocket(other, '/feed/lobby/ws?lane=p2.ws&user=Ben')
    const stream = await openStream(one, '/feed/lobby/sse?lane=p1.sse')
    const bystander = await openStream(other, '/feed/lobby/sse?lane=p3.sse')
    await moderate(one, 'Ben', 'removed')
    expect(await named.closed).toBe(3000)
    await stream.closed
    for (const [server, page] of [
      [one, 'p1'],
      [other, 'p1'],
      [one, 'p2'],
      [other, 'p2'],
    ] as const)
      await until(`${page} is refused under another name`, async () => {
        const { body } = await ask(server, 'POST', `/feed/lobby?lane=${page}.sse`, say('Bob'))
        return body['code'] === 'removed-person'
      })
    expect((await ask(other, 'POST', '/feed/lobby?lane=p3.sse', say('Cleo'))).status).toBe(201)
    await until('the bystander still reads', () => bystander.text().includes('Cleo'))
  })

  test('both servers show the same people and bans, and a server that starts later obeys the bans from its first request', async () => {
    const { redis, one, other } = await startClass()
    for (const [i, name] of ['Cleo', 'Ada', 'Ben', 'Dan'].entries()) await tokenOf(i % 2 === 0 ? one : other, name)
    await moderate(one, 'Ben', 'muted')
    await moderate(other, 'Dan', 'removed')
    await moderate(one, 'Eve', 'removed')
    await moderate(other, 'Ada', 'muted')
    await moderate(one, 'Ada', 'allowed')
    const third = await serverOn(redis)
    expect((await signIn(third, 'Eve')).body['code']).toBe('removed-person')
    const expected = {
      signedIn: ['Cleo', 'Ada', 'Ben'],
      people: [
        { user: 'Ben', is: 'muted' },
        { user: 'Dan', is: 'removed' },
        { user: 'Eve', is: 'removed' },
      ],
    }
    for (const server of [one, other, third])
      expect((await ask(server, 'GET', '/moderation', undefined, asInstructor)).body).toEqual(expected)
  })

  test('bans survive a restart of Redis with an older dump, and a ban that was lifted stays lifted', async () => {
    const { redis, one, other } = await startClass()
    await moderate(one, 'Ada', 'removed')
    await moderate(one, 'Ben', 'muted')
    redis.command('SAVE')
    await moderate(other, 'Ada', 'allowed')
    await moderate(other, 'Ben', 'removed')
    await moderate(other, 'Cleo', 'removed')
    await redis.restart()
    const people = [
      { user: 'Ben', is: 'removed' },
      { user: 'Cleo', is: 'removed' },
    ]
    await until('Redis has the decisions again', () => {
      const texts = redis.command('HVALS', 'fourwire:{shared}:bans')
      return texts.includes('"Ada","is":null') && texts.includes('"Ben","is":"removed"') && texts.includes('Cleo')
    })
    for (const server of [one, other, await serverOn(redis)])
      expect((await ask(server, 'GET', '/moderation', undefined, asInstructor)).body['people']).toEqual(people)
  })

  test('a ban while Redis is away holds at its own server at once, and at the other server when Redis is back', async () => {
    const { redis, one, other } = await startClass()
    const token = await tokenOf(one, 'Ben')
    await until('the other server has the session', async () => (await pollWith(other, bearer(token))) === 200)
    const { closed } = await openSocket(one, `/feed/lobby/ws?token=${token}`)
    redis.signal('SIGSTOP')
    const failed = await ask(one, 'PUT', '/moderation/people/Ben', { is: 'removed' }, asInstructor)
    expect([failed.status, failed.body['code'], await closed]).toEqual([503, 'log-unavailable', 3000])
    redis.signal('SIGCONT')
    await until('Ben is refused at the other server', async () => (await pollWith(other, bearer(token))) !== 200)
    await until('the other server has the ban', async () => {
      return (await signIn(other, 'Ben')).body['code'] === 'removed-person'
    })
  })

  test('a message that is removed at one server is missing for every reader of the other server', async () => {
    const { one, other } = await startClass({ auth: undefined })
    const path = '/feed/lobby'
    // The second reader lets the server keep the latest events in memory, and the polls let it keep answers.
    const open = await openStream(other, `${path}/sse?after=0`)
    const { body: message } = await ask(one, 'POST', path, say('Eve', 'rude'))
    await ask(one, 'POST', path, say('Ada', 'fine'))
    await until('the reader has both messages', () => open.text().includes('fine'))
    const replays = () =>
      Promise.all(
        ['/poll?after=0', '/poll?last=500', '/long-poll?after=0'].map(async (rest) =>
          JSON.stringify((await ask(other, 'GET', path + rest)).body),
        ),
      )
    for (const replay of await replays()) expect(replay).toContain('rude')
    expect((await ask(one, 'DELETE', `${path}/messages/${message['id']}`, undefined, asInstructor)).status).toBe(204)
    await until('the open reader is told', () => open.text().includes(`"target":"${message['id']}"`))
    for (const replay of await replays()) expect(replay).not.toContain('rude')
    const late = await openStream(other, `${path}/sse?after=0`)
    await until('the late reader has all', () => late.text().includes('message_removed'))
    expect(late.text()).not.toContain('rude')
    const { heard } = await openSocket(other, `${path}/ws?last=3`)
    await until('the WebSocket has all', () => heard.some(({ type }) => type === 'message_removed'))
    expect(JSON.stringify(heard)).not.toContain('rude')
    await ask(one, 'DELETE', `${path}/messages`, undefined, asInstructor)
    await until('the open reader is told', () => open.text().includes('room_cleared'))
    for (const replay of await replays()) expect(replay).not.toContain('fine')
  })

  test('a board that is deleted at one server is empty at the other', async () => {
    const { one, other } = await startClass({ auth: undefined })
    const list = { user: 'Eve', type: 'list_created', list: { id: 'rude', title: 'rude' } }
    expect((await ask(one, 'POST', '/boards/b', list)).status).toBe(201)
    const board = async () => JSON.stringify((await ask(other, 'GET', '/boards/b')).body)
    const open = await openStream(other, '/feed/b/sse?after=0')
    await until('the reader has the list', () => open.text().includes('rude'))
    expect(await board()).toContain('rude')
    expect((await ask(one, 'DELETE', '/boards/b', undefined, asInstructor)).status).toBe(204)
    expect(await board()).not.toContain('rude')
    await until('the reader is told', () => open.text().includes('board_deleted'))
    expect(JSON.stringify((await ask(other, 'GET', '/feed/b/poll?after=0')).body)).not.toContain('rude')
  })
})
