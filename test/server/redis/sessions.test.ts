/** Tests of sessions and tickets that several servers share through a real Redis. */
import { createHash } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readRoster } from '../../../server/access/roster.ts'
import { createSessions } from '../../../server/access/sessions.ts'
import type { Sessions } from '../../../server/access/sessions.ts'
import { redisLog } from '../../../server/redis/redis-log.ts'
import { HAS_REDIS, testRedis } from '../../redis.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'
import {
  PASSWORD,
  TOKEN,
  ask,
  bearer,
  openSocket,
  openStream,
  pollWith,
  serverOn,
  signIn,
  startClass,
  tokenOf,
} from './class.ts'

const SESSIONS = 'fourwire:{shared}:sessions'

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')

const ticketFor = async (server: Served, token: string): Promise<string> =>
  (await ask(server, 'POST', '/session/ticket', undefined, bearer(token))).body['ticket'] ?? ''

describe.skipIf(!HAS_REDIS)('with two servers on one Redis', () => {
  test('a session of one server is valid at the other at once, in every place of a request', async () => {
    const { one, other } = await startClass()
    for (let i = 0; i < 30; i++) {
      const [here, there] = i % 2 === 0 ? [one, other] : [other, one]
      const { body, cookie } = await signIn(here, `Ada ${i}`, { as: i % 3 === 0 ? 'cookie' : 'token' })
      const [, token = ''] = i % 3 === 0 ? cookie.split('=') : ['', body['token']]
      const places: (() => Promise<unknown>)[] = [
        () => pollWith(there, { cookie: `fourwire-session=${token}` }),
        () => pollWith(there, bearer(token)),
        () => pollWith(there, {}, `&token=${token}`),
        async () => (await ask(there, 'GET', '/session', undefined, bearer(token))).body['user'],
        async () => {
          const { socket, heard } = await openSocket(there, '/feed/lobby/ws?auth=message')
          socket.send(JSON.stringify({ type: 'auth', token }))
          await until('the socket is connected', () => heard.length > 0)
          return heard[0]?.['type']
        },
      ]
      const reply = await places[i % places.length]?.()
      expect([200, `Ada ${i}`, 'connected']).toContain(reply)
    }
  })

  test('a server finds a session in Redis although no message has told about it', async () => {
    const { redis, one } = await startClass()
    const token = `fws.${'a'.repeat(43)}`
    const entry = { user: 'Ada', isInstructor: false, untilMs: Date.now() + 60_000, isOver: false }
    expect(await pollWith(one, bearer(token))).toBe(401)
    redis.command('HSET', SESSIONS, hashOf(token), JSON.stringify(entry))
    expect(await pollWith(one, bearer(token))).toBe(200)
  })

  test.each(['signing out', 'expiring'])(
    '%s ends the session at both servers, with its open connections',
    async (how) => {
      const isExpiring = how === 'expiring'
      const { one, other } = await startClass({ auth: { password: PASSWORD, sessionMs: isExpiring ? 2000 : 60_000 } })
      const token = await tokenOf(one, 'Ada')
      const { closed } = await openSocket(other, `/feed/lobby/ws?token=${token}`)
      const stream = await openStream(other, '/feed/lobby/sse', bearer(token))
      if (!isExpiring) await ask(one, 'DELETE', '/session', undefined, bearer(token))
      expect(await closed).toBe(3000)
      await stream.closed
      for (const server of [one, other]) {
        const { status, body } = await ask(server, 'GET', '/feed/lobby/poll', undefined, bearer(token))
        expect([status, body['code']]).toEqual([401, 'session-expired'])
      }
    },
  )

  test('of two people who sign in with one name at the same time at two servers, one succeeds', async () => {
    const { one, other } = await startClass()
    for (let i = 0; i < 20; i++) {
      const replies = await Promise.all([signIn(one, `Ada ${i}`), signIn(other, `ADA ${i}`)])
      expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409])
      expect(replies.find(({ status }) => status === 409)?.body['code']).toBe('name-taken')
    }
  })

  test('a name is free at the other server as soon as its session has ended', async () => {
    const { one, other } = await startClass()
    let [here, there] = [one, other]
    for (let i = 0; i < 30; i++) {
      const token = await tokenOf(here, 'Ada')
      expect((await ask(here, 'DELETE', '/session', undefined, bearer(token))).status).toBe(204)
      ;[here, there] = [there, here]
    }
  })

  test('the right code of a roster ends the earlier session at the other server', async () => {
    const roster = readRoster('Ada,k7f2-9xqm\n', 'class.csv')
    const { one, other } = await startClass({ auth: { roster } })
    const first = await signIn(one, 'Ada', { password: 'k7f2-9xqm' })
    const { closed } = await openSocket(one, `/feed/lobby/ws?token=${first.body['token']}`)
    const second = await signIn(other, 'Ada', { password: 'k7f2-9xqm' })
    expect(await closed).toBe(3000)
    expect(await pollWith(one, bearer(first.body['token'] ?? ''))).toBe(401)
    expect(await pollWith(one, bearer(second.body['token'] ?? ''))).toBe(200)
    const both = await Promise.all([one, other].map((server) => signIn(server, 'Ada', { password: 'k7f2-9xqm' })))
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    const statuses = () => Promise.all(both.map(({ body }) => pollWith(one, bearer(body['token'] ?? ''))))
    await until('one of two sessions of the same time has ended', async () => (await statuses()).includes(401))
    expect((await statuses()).toSorted()).toEqual([200, 401])
  })

  test('a ticket of one server is valid at the other, and exactly once, even if both get it at the same time', async () => {
    const { one, other } = await startClass()
    const token = await tokenOf(one, 'Ada')
    for (let i = 0; i < 20; i++) {
      const ticket = await ticketFor(one, token)
      const statuses = await Promise.all(
        [other, one, other, one].map((server) => pollWith(server, {}, `&ticket=${ticket}`)),
      )
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
      expect(statuses.filter((status) => status === 401)).toHaveLength(3)
    }
  })

  test('a ticket that was used at one server is refused at the other, and so is a ticket of an ended session', async () => {
    const { one, other } = await startClass()
    const token = await tokenOf(one, 'Ada')
    const used = await ticketFor(one, token)
    const { heard } = await openSocket(other, `/feed/lobby/ws?ticket=${used}`)
    await until('the socket is connected', () => heard.length > 0)
    expect(await pollWith(one, {}, `&ticket=${used}`)).toBe(401)
    const late = await ticketFor(one, token)
    await ask(one, 'DELETE', '/session', undefined, bearer(token))
    expect(await pollWith(other, {}, `&ticket=${late}`)).toBe(401)
  })

  test('a ticket that is too old is refused at both servers, and Redis forgets it', async () => {
    const { redis, one, other } = await startClass({ auth: { password: PASSWORD, ticketMs: 0 } })
    const token = await tokenOf(one, 'Ada')
    const tickets = [await ticketFor(one, token), await ticketFor(other, token), await ticketFor(one, token)]
    expect(await pollWith(other, {}, `&ticket=${tickets[2]}`)).toBe(401)
    // Old tickets are deleted when a server issues the next one.
    await until('Redis has no old ticket', async () => {
      const ticket = await ticketFor(one, token)
      await pollWith(one, {}, `&ticket=${ticket}`)
      return redis.command('HLEN', 'fourwire:{shared}:tickets') === '0'
    })
  })

  test('Redis contains no token, no ticket and no password', async () => {
    const { redis, one } = await startClass()
    const token = await tokenOf(one, 'Ada')
    const ticket = await ticketFor(one, token)
    await signIn(one, '', { instructor: TOKEN })
    const keys = redis.command('KEYS', 'fourwire:{shared}:*').split('\n')
    const texts = keys.map((key) => redis.command('HGETALL', key)).join('\n')
    expect(texts).toContain(hashOf(token))
    expect(texts).toContain(hashOf(ticket))
    for (const secret of [token, ticket, PASSWORD, TOKEN]) expect(texts).not.toContain(secret)
  })

  test('a session token that an attacker has planted does not become the session of a victim', async () => {
    const { one, other } = await startClass()
    const invented = `fws.${'a'.repeat(43)}`
    const own = await tokenOf(one, 'Eve')
    for (const planted of [invented, own]) {
      const { cookie } = await signIn(
        other,
        `Ada ${planted}`.slice(0, 9),
        { as: 'cookie' },
        { cookie: `fourwire-session=${planted}` },
      )
      expect(cookie).toMatch(/^fourwire-session=fws\./)
      expect(cookie).not.toContain(planted)
      for (const server of [one, other]) expect(await pollWith(server, bearer(planted))).toBe(401)
      await ask(other, 'DELETE', '/session', undefined, { cookie })
    }
  })

  test('ten wrong passwords for one name at one server make the next one slow at the other server', async () => {
    const { one, other } = await startClass()
    for (let i = 0; i < 10; i++) await signIn(one, 'Ada', { password: `wrong ${i}` })
    const durationsMs: number[] = []
    // The other server gets the counts within milliseconds.
    while (durationsMs.length < 5 && (durationsMs.at(-1) ?? 0) < 990) {
      const startMs = performance.now()
      expect((await signIn(other, 'Ada', { password: 'wrong' })).body['code']).toBe('wrong-password')
      durationsMs.push(performance.now() - startMs)
    }
    expect(durationsMs.at(-1)).toBeGreaterThan(990)
  })

  test('a person who has sent ten wrong tokens to one server is refused by the other server', async () => {
    const { one, other } = await startClass()
    const eve = await tokenOf(one, 'Eve')
    const guess = async (server: Served, token: string): Promise<string | undefined> => {
      const { socket, heard } = await openSocket(server, `/lab?room=lobby&token=${eve}`)
      socket.send(JSON.stringify({ type: 'instructor', token }))
      const reply = await until('the guess is answered', () =>
        heard.find(({ type }) => type === 'error' || type === 'instructor'),
      )
      socket.terminate()
      return reply['code']
    }
    for (let i = 0; i < 10; i++) expect(await guess(one, `wrong ${i}`)).toBe('wrong-token')
    const later: (string | undefined)[] = []
    while (later.length < 5 && later.at(-1) !== 'too-many-tries') later.push(await guess(other, 'wrong'))
    expect(later.at(-1)).toBe('too-many-tries')
    expect(await guess(other, TOKEN)).toBe('too-many-tries')
  })

  test('while Redis is away, people stay signed in, signing in fails with 503, and afterwards Redis gets the sessions again', async () => {
    const { redis, one, other } = await startClass()
    const [ada, ben] = [await tokenOf(one, 'Ada'), await tokenOf(one, 'Ben')]
    await until('the other server has the sessions', async () => (await pollWith(other, bearer(ben))) === 200)
    redis.signal('SIGSTOP')
    for (const server of [one, other]) {
      const { status, body } = await ask(server, 'GET', '/session', undefined, bearer(ada))
      expect([status, body['user']]).toEqual([200, 'Ada'])
    }
    const failed = await signIn(one, 'Cleo')
    expect([failed.status, failed.body['code']]).toEqual([503, 'log-unavailable'])
    expect(failed.body['detail']).toContain('it does not reply')
    expect(failed.body['remedy']).toContain('Nobody can sign in now')
    // An unknown token may be one that another server has just issued, so 401 would be wrong.
    const unknown = await ask(other, 'GET', '/session', undefined, bearer(`fws.${'a'.repeat(43)}`))
    expect([unknown.status, unknown.body['code']]).toEqual([503, 'log-unavailable'])
    const { closed } = await openSocket(one, `/chat/ws?token=${ben}`)
    const out = await ask(one, 'DELETE', '/session', undefined, bearer(ben))
    expect([out.status, await closed]).toEqual([503, 3000])
    await redis.restart()
    await until('ben is signed out at the other server', async () => (await pollWith(other, bearer(ben))) === 401)
    const third = await serverOn(redis)
    expect(await pollWith(third, bearer(ada))).toBe(200)
    expect(await pollWith(third, bearer(ben))).toBe(401)
    expect((await signIn(third, 'Ada')).body['code']).toBe('name-taken')
    expect((await signIn(third, 'Ben')).status).toBe(200)
  })

  test('the sessions return after Redis was emptied while it ran', async () => {
    const { redis, one } = await startClass()
    const token = await tokenOf(one, 'Ada')
    redis.command('FLUSHALL')
    await until('Redis has the session again', () => redis.command('HGET', SESSIONS, hashOf(token)) !== '')
    const third = await serverOn(redis)
    expect(await pollWith(third, bearer(token))).toBe(200)
    expect((await signIn(third, 'Ada')).body['code']).toBe('name-taken')
  })

  test('if a thousand people are signed in, a new session ends none that another server uses', async () => {
    const redis = await testRedis()
    onTestFinished(() => redis[Symbol.asyncDispose]())
    const logs = [await redisLog(redis.url), await redisLog(redis.url)]
    const [here, there] = logs.map(({ peers }) => createSessions(undefined, null, peers)) as [Sessions, Sessions]
    for (const { peers } of logs) peers?.join()
    await until('they know each other', () => logs.every(({ peers }) => peers?.others().length === 1))
    const first = await here.begin({ user: 'first', isInstructor: false })
    const second = await here.begin({ user: 'second', isInstructor: false })
    for (let i = 0; i < 998; i++) await here.begin({ user: `u${i}`, isInstructor: false })
    await until('the other server has all', () => there.live().length === 1000)
    there.onEnd(there.read(first.token), () => {})
    there.read(second.token)
    const latest = await here.begin({ user: 'latest', isInstructor: false })
    expect([here.read(first.token).user, here.read(second.token).user]).toEqual(['first', 'second'])
    expect(here.live()).toHaveLength(1000)
    await until('the other server has the change', () => there.holderOf('latest') && there.live().length === 1000)
    expect(there.live().map(({ user }) => user)).toEqual(here.live().map(({ user }) => user))
    expect(there.read(latest.token).user).toBe('latest')
    for (const sessions of [here, there]) sessions.stop()
    for (const log of logs) await log.close()
  })

  test('a session that has ended stays ended, and its name stays with its later session, when Redis restarts with an older dump', async () => {
    const { redis, one, other } = await startClass()
    const [first, cleo] = [await tokenOf(one, 'Ada'), await tokenOf(one, 'Cleo')]
    redis.command('SAVE')
    for (const token of [first, cleo]) await ask(one, 'DELETE', '/session', undefined, bearer(token))
    const second = await tokenOf(other, 'Ada')
    await redis.restart()
    await until('both servers use Redis again', async () => {
      const replies = await Promise.all([one, other].map((server, i) => signIn(server, `Ben ${i}`)))
      return replies.every(({ status }) => status !== 503)
    })
    const third = await serverOn(redis)
    await until(
      'the third server refuses the ended session',
      async () => (await pollWith(third, bearer(first))) === 401,
    )
    for (const server of [one, other, third]) {
      for (const token of [first, cleo]) expect(await pollWith(server, bearer(token))).toBe(401)
      expect(await pollWith(server, bearer(second))).toBe(200)
    }
    expect((await signIn(third, 'ada')).body['code']).toBe('name-taken')
  })
})
