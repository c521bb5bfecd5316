/** The show of several processes on one Redis. Each process is a real one, and one of them runs the show. */
import { describe, expect, test } from 'vitest'
import type { ShowSaying, ShowState } from '../../../server/protocol/show.ts'
import { balance } from '../../balancer.ts'
import { HAS_REDIS, testRedis } from '../../redis.ts'
import { spawnServer } from '../../spawn.ts'
import type { Spawned } from '../../spawn.ts'
import { until } from '../../until.ts'
import { enter, sit } from './guest.ts'

const TOKEN = 'correct-horse-battery'

/** Everything that only an instructor may say. */
const ACTS: readonly ShowSaying[] = [
  { say: 'take' },
  { say: 'go', scene: 'news', step: 'run' },
  { say: 'stage', blank: true, names: true, address: 0 },
  { say: 'hands', hands: [1, 2, 3, 4] },
  { say: 'mute', seat: 1 },
  { say: 'unmute', seat: 1 },
  { say: 'remove', seat: 1 },
  { say: 'next class' },
  { say: 'measured', scene: 'join', lanes: [] },
]

/** Key of the show in Redis. */
const WORK = 'fourwire:{shared}:work:show'

/** Longest time in which another process takes over, and some time for a busy machine. */
const TAKEOVER_MS = 4000 + 2000

const start = (url: string, ...flags: string[]) =>
  spawnServer('--redis', url, '--data', ':memory:', '--limits', 'off', ...flags)

interface Hosts extends AsyncDisposable {
  /** The process that runs the show. */
  readonly a: Spawned
  readonly b: Spawned
  readonly c: Spawned
}

async function startHosts(url: string, ...flags: string[]): Promise<Hosts> {
  const a = await start(url, ...flags)
  await shown(a.origin)
  const [b, c] = await Promise.all([start(url, ...flags), start(url, ...flags)])
  for (const { origin } of [b, c]) await shown(origin)
  return {
    a,
    b,
    c,
    async [Symbol.asyncDispose]() {
      await Promise.all([a, b, c].map((one) => one.end('SIGKILL')))
    },
  }
}

const shown = async (origin: string): Promise<ShowState> => {
  const response = await fetch(`${origin}/show`)
  if (!response.ok) throw new Error(await response.text())
  return response.json()
}

/** Opens an instructor's page that follows the show. */
async function lead(origin: string, options: Parameters<typeof enter>[1] = {}) {
  const page = await enter(origin, options)
  page.say({ say: 'follow', seats: true })
  await page.next('state')
  return page
}

type Page = Awaited<ReturnType<typeof enter>>

const voteOf = (phone: Page) => phone.told('seat').at(-1)?.vote

async function vote(phone: Page, answer: number, scene = 'firewall'): Promise<void> {
  phone.say({ say: 'vote', scene, answer })
  await until('the vote is confirmed', () => voteOf(phone) === answer)
}

describe.skipIf(!HAS_REDIS)('the show of several processes', () => {
  test('an instructor at one process leads seats at two others, and every process gives the same answers', async () => {
    await using redis = await testRedis()
    await using hosts = await startHosts(redis.url)
    const { a, b, c } = hosts
    const stage = await lead(b.origin)
    stage.say({ say: 'go', scene: 'firewall', step: 'predict' })
    const phones = [
      await sit(a.origin, 'a'),
      await sit(b.origin, 'b'),
      await sit(c.origin, 'c'),
      await sit(c.origin, 'd'),
    ]
    await stage.stateWith({ here: 4, scene: 'firewall' })
    for (const [i, phone] of phones.entries()) await vote(phone, i % 2)
    await stage.stateWith({ voted: 4, votes: [2, 2, 0, 0] })
    stage.say({ say: 'go', scene: 'firewall', step: 'closed' })
    for (const phone of phones) await phone.stateWith({ step: 'closed', votes: [2, 2, 0, 0] })
    for (const step of ['run', 'explain'] as const) stage.say({ say: 'go', scene: 'firewall', step })
    for (const phone of phones) await phone.stateWith({ step: 'explain' })
    const get = async (path: string) =>
      Promise.all([a, b, c].map(async ({ origin }) => (await fetch(origin + path)).text()))
    for (const path of ['/show', '/stage/session.csv', '/stage/sheet']) {
      const [one, ...others] = await get(path)
      expect(others, path).toEqual([one, one])
      expect(one).not.toContain('log-unavailable')
    }
    const sessions = (await get('/stage/session.json')).map((text) => ({ ...JSON.parse(text), savedAtMs: 0 }))
    expect(sessions[0]).toMatchObject({ scenes: [{ scene: { id: 'firewall' }, state: { votes: [2, 2, 0, 0] } }] })
    expect(sessions.slice(1)).toEqual([sessions[0], sessions[0]])
  })

  test('if the host is killed in the middle of a scene, another process goes on, and no open page notices', async () => {
    await using redis = await testRedis()
    await using hosts = await startHosts(redis.url)
    const { a, b, c } = hosts
    const stage = await lead(b.origin)
    const phones = [await sit(b.origin, 'b'), await sit(c.origin, 'c')]
    const lost = await sit(a.origin, 'a')
    stage.say({ say: 'go', scene: 'firewall', step: 'predict' })
    for (const phone of [lost, ...phones]) await phone.stateWith({ scene: 'firewall' })
    for (const phone of [lost, ...phones]) await vote(phone, 2)
    stage.say({ say: 'go', scene: 'firewall', step: 'run' })
    const before = await stage.stateWith({ step: 'run', here: 3 })
    let closed = 0
    for (const page of [stage, ...phones]) void page.closed.then(() => closed++)
    await a.end('SIGKILL')
    const killedMs = performance.now()
    // What the pages say while nobody runs the show waits for the next host.
    stage.say({ say: 'go', scene: 'firewall', step: 'explain' })
    const { driver, version, votes } = await stage.stateWith({ step: 'explain' })
    expect(performance.now() - killedMs).toBeLessThan(TAKEOVER_MS)
    expect({ driver, votes }).toEqual({ driver: before.driver, votes: [0, 0, 3, 0] })
    expect(version).toBeGreaterThan(before.version)
    for (const phone of phones) expect(await phone.stateWith({ step: 'explain', here: 2 })).toMatchObject({ votes })
    const back = await sit(c.origin, 'a')
    expect(await back.next('seat')).toMatchObject({ seat: { seat: 3 } })
    await stage.stateWith({ here: 3 })
    expect(closed).toBe(0)
    expect([stage, ...phones, back].flatMap((page) => page.errors())).toEqual([])
  })

  test('a class that has ended is in Redis, and each process gives it back', async () => {
    await using redis = await testRedis()
    await using hosts = await startHosts(redis.url)
    const { a, b, c } = hosts
    const stage = await lead(b.origin)
    const phone = await sit(c.origin, 'a')
    stage.say({ say: 'go', scene: 'firewall', step: 'predict' })
    await phone.stateWith({ scene: 'firewall' })
    await vote(phone, 1)
    for (const step of ['run', 'explain'] as const) stage.say({ say: 'go', scene: 'firewall', step })
    stage.say({ say: 'next class' })
    await stage.stateWith({ room: 'class-2' })
    await a.end('SIGKILL')
    for (const { origin } of [b, c]) {
      const ended = await (await fetch(`${origin}/stage/session.json?room=class-1`)).json()
      expect(ended).toMatchObject({ room: 'class-1', scenes: [{ state: { votes: [0, 1, 0, 0] } }] })
    }
    const next = await lead(c.origin, { room: 'class-2' })
    expect(await next.stateWith({ room: 'class-2' })).toMatchObject({ scene: 'join', done: [] })
  })

  test('if the host ends gracefully, another one goes on at once', async () => {
    await using redis = await testRedis()
    await using hosts = await startHosts(redis.url)
    const { a, b, c } = hosts
    const stage = await lead(b.origin)
    const phone = await sit(c.origin, 'c')
    stage.say({ say: 'go', scene: 'firewall', step: 'predict' })
    await phone.stateWith({ scene: 'firewall' })
    await vote(phone, 1)
    expect(await a.end('SIGTERM')).toBe(0)
    const endedMs = performance.now()
    stage.say({ say: 'go', scene: 'firewall', step: 'closed' })
    await phone.stateWith({ step: 'closed', votes: [0, 1, 0, 0] })
    // Another process asks after 2.5 s if it does not know that the host has ended.
    expect(performance.now() - endedMs).toBeLessThan(1500)
    expect([stage, phone].flatMap((page) => page.errors())).toEqual([])
  })

  test('a host that was paused longer than its time notices that another one has taken over, and changes nothing', async () => {
    await using redis = await testRedis()
    await using hosts = await startHosts(redis.url)
    const { a, b } = hosts
    const [stage, phone] = [await lead(b.origin), await sit(a.origin, 'a')]
    stage.say({ say: 'go', scene: 'firewall', step: 'predict' })
    await phone.stateWith({ scene: 'firewall' })
    a.process.kill('SIGSTOP')
    // This vote is in the socket of the host when it continues.
    phone.say({ say: 'vote', scene: 'firewall', answer: 3 })
    stage.say({ say: 'go', scene: 'firewall', step: 'run' })
    await stage.stateWith({ step: 'run', votes: [0, 0, 0, 0] })
    a.process.kill('SIGCONT')
    await phone.stateWith({ step: 'run' })
    const steps = phone.told('state').map(({ state }) => `${state.scene} ${state.step}`)
    expect(steps.slice(steps.indexOf('firewall run'))).not.toContain('firewall predict')
    // The vote was closed before the paused process could pass it on.
    await until('the vote is refused', () => phone.errors().some(({ code }) => code === 'vote-closed'))
    stage.say({ say: 'go', scene: 'firewall', step: 'explain' })
    await phone.stateWith({ step: 'explain', votes: [0, 0, 0, 0] })
    expect((await shown(a.origin)).version).toBe((await shown(b.origin)).version)
    await stage.stateWith({ here: 1 })
  })

  test('Redis hangs for longer than the time of a host: pages keep their connections, and the show goes on', async () => {
    await using redis = await testRedis()
    await using hosts = await startHosts(redis.url)
    const { a, b } = hosts
    const [stage, phone] = [await lead(b.origin), await sit(a.origin, 'a')]
    stage.say({ say: 'go', scene: 'firewall', step: 'predict' })
    await phone.stateWith({ scene: 'firewall' })
    await vote(phone, 1)
    redis.signal('SIGSTOP')
    stage.say({ say: 'go', scene: 'firewall', step: 'closed' })
    phone.say({ say: 'report', report: { transport: 'sse', p50Ms: 1, n: 1, boundMs: 1, lost: 0, doubled: 0 } })
    // The host has the show in memory until its time is over.
    await until('no process answers', () =>
      shown(a.origin).then(
        () => false,
        (error: Error) => error.message.includes('log-unavailable'),
      ),
    )
    redis.signal('SIGCONT')
    await phone.stateWith({ step: 'closed', votes: [0, 1, 0, 0] })
    await stage.stateWith({ step: 'closed', here: 1 })
    expect([stage, phone].flatMap((page) => page.errors())).toEqual([])
    expect((await shown(a.origin)).version).toBe((await shown(b.origin)).version)
  })

  test('Redis restarts empty: the host still has the show and saves it again, so that the next host has it', async () => {
    await using redis = await testRedis()
    await using hosts = await startHosts(redis.url)
    const { a, b } = hosts
    const [stage, phone] = [await lead(b.origin), await sit(b.origin, 'b')]
    stage.say({ say: 'go', scene: 'firewall', step: 'predict' })
    await phone.stateWith({ scene: 'firewall' })
    await vote(phone, 1)
    await redis.restart()
    await until('the show is saved again', () => redis.command('HGET', WORK, 'text').includes('firewall'))
    await a.end('SIGKILL')
    stage.say({ say: 'go', scene: 'firewall', step: 'closed' })
    await phone.stateWith({ step: 'closed', votes: [0, 1, 0, 0] })
  })

  test('all processes end, and the next one goes on with the show in Redis', async () => {
    await using redis = await testRedis()
    await using first = await start(redis.url)
    const [stage, phone] = [await lead(first.origin), await sit(first.origin, 'a')]
    stage.say({ say: 'go', scene: 'firewall', step: 'predict' })
    await phone.stateWith({ scene: 'firewall' })
    await vote(phone, 1)
    await first.end('SIGKILL')
    await using second = await start(redis.url)
    const again = await lead(second.origin)
    expect(await again.stateWith({ scene: 'firewall', votes: [0, 1, 0, 0] })).toMatchObject({ here: 0 })
    expect(await (await sit(second.origin, 'a')).next('seat')).toMatchObject({ seat: { seat: 1 }, vote: 1 })
  })

  test('a process that misses messages, because its link to Redis was cut, gets the state again', async () => {
    await using redis = await testRedis()
    await using link = await balance(redis.url)
    await using host = await start(redis.url)
    await shown(host.origin)
    await using other = await start(`redis://127.0.0.1:${link.port}`)
    const [stage, phone] = [await lead(host.origin), await sit(other.origin, 'a')]
    const leaving = await sit(other.origin, 'b')
    stage.say({ say: 'go', scene: 'firewall', step: 'predict' })
    await phone.stateWith({ scene: 'firewall', here: 2 })
    link.isRefusing = true
    link.cut()
    stage.say({ say: 'go', scene: 'firewall', step: 'closed' })
    await stage.stateWith({ step: 'closed' })
    await leaving.leave()
    link.isRefusing = false
    await phone.stateWith({ step: 'closed' })
    await stage.stateWith({ here: 1 })
    expect(phone.errors()).toEqual([])
  })

  test('the settings of a scene apply at every process, also after a takeover, and the end of the scene takes them back', async () => {
    await using redis = await testRedis()
    await using hosts = await startHosts(redis.url)
    const { a, b, c } = hosts
    const [stage, other] = [await lead(b.origin), await lead(c.origin)]
    stage.say({ say: 'go', scene: 'firewall', step: 'run' })
    const isFirewall = (is: boolean) => () =>
      [stage, other].every((page) => page.settings()?.conditions.firewall === is)
    await until('the firewall is on', isFirewall(true))
    const third = await enter(a.origin)
    expect(await until('the settings arrive', third.settings)).toMatchObject({
      ratePerSecond: 2,
      conditions: { firewall: true },
    })
    await a.end('SIGKILL')
    stage.say({ say: 'go', scene: 'firewall', step: 'explain' })
    await other.stateWith({ step: 'explain' })
    await until('the firewall is off', isFirewall(false))
    expect(other.settings()).toMatchObject({ ratePerSecond: 1, conditions: { latencyMs: 0 } })
  })

  test('after a simulated restart, which an instructor asks of another process, the settings of the scene apply again', async () => {
    await using redis = await testRedis()
    await using hosts = await startHosts(redis.url)
    const { a, b } = hosts
    const stage = await lead(b.origin)
    stage.say({ say: 'go', scene: 'firewall', step: 'run' })
    await until('the firewall is on', () => stage.settings()?.conditions.firewall)
    stage.send({ type: 'restart' })
    await stage.closed
    for (const { origin } of [a, b]) {
      const page = await until('the process is back', () => enter(origin, { page: stage.page }).catch(() => null))
      await until('the settings apply', () => page.settings()?.conditions.firewall, 3000)
    }
  })

  test('every act is refused without the token at each process, and a page gets the rights at any of them', async () => {
    await using redis = await testRedis()
    const flags = ['--host', '0.0.0.0', '--instructor-token', TOKEN] as const
    await using hosts = await startHosts(redis.url, ...flags)
    const { a, b } = hosts
    for (const { origin } of [a, b].map(({ port }) => ({ origin: `http://127.0.0.1:${port}` }))) {
      const page = await enter(origin)
      for (const act of ACTS) expect((await page.refused(act)).code, act.say).toBe('not-instructor')
      for (const path of ['session.json', 'session.csv', 'sheet'])
        expect((await fetch(`${origin}/stage/${path}`)).status, path).toBe(403)
      const stage = await lead(origin)
      expect((await stage.next('scenes')).scenes.flatMap(({ notes }) => notes)).toEqual([])
      stage.send({ type: 'instructor', token: TOKEN })
      await until('the page has the notes', () =>
        stage
          .told('scenes')
          .at(-1)
          ?.scenes.some(({ notes }) => notes.length),
      )
      stage.say({ say: 'go', scene: 'news', step: 'predict' })
      await stage.stateWith({ scene: 'news' })
      await stage.leave()
    }
  })
})
