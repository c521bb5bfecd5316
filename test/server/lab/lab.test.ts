import { once } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createFeed } from '../../../server/feed/feed.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { createMetronome } from '../../../server/lab/metronome.ts'
import type { LabMessage } from '../../../server/protocol/lab.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

afterEach(() => vi.useRealTimers())

async function enter(origin: string, room = 'lobby', query = '') {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/lab?room=${room}${query}`)
  const messages: LabMessage[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  await once(socket, 'open')
  const all = <T extends LabMessage['type']>(type: T) =>
    messages.filter((message): message is Extract<LabMessage, { type: T }> => message.type === type)
  return {
    socket,
    all,
    say: (message: unknown) => socket.send(JSON.stringify(message)),
    next: <T extends LabMessage['type']>(type: T) =>
      until(`the lab has sent a message of type ${type}`, () => all(type).at(-1)),
  }
}

test('the first message to a page has the room’s cursor and settings, and a page on this machine has the instructor’s rights', async () => {
  await using server = await serve()
  const { id } = await server.publish('1')
  const page = await enter(server.origin)
  expect(await page.next('welcome')).toMatchObject({
    room: 'lobby',
    cursor: id,
    instructor: true,
    settings: { ratePerSecond: 1 },
  })
  page.socket.close()
})

test('the answer to a clock message has the server’s times of receipt and of sending, in this order', async () => {
  await using server = await serve()
  const page = await enter(server.origin)
  page.say({ type: 'clock', t0: 12.5 })
  const { t0, t1, t2 } = await page.next('clock')
  expect(t0).toBe(12.5)
  expect(t2).toBeGreaterThanOrEqual(t1)
  expect(Math.abs(t1 - Date.now())).toBeLessThan(1000)
  page.socket.close()
})

test('a page gets the byte counts of its own lanes only', async () => {
  await using server = await serve()
  const page = await enter(server.origin, 'lobby', '&page=0123abcd')
  const other = await enter(server.origin, 'lobby', '&page=89abcdef')
  for (const lane of ['0123abcd.short-poll', '89abcdef.short-poll', 'somebody'])
    await (await fetch(`${server.origin}/feed/lobby/poll?lane=${lane}`)).arrayBuffer()
  const [told, ...others] = (await page.next('lanes')).lanes
  expect(others).toEqual([])
  expect(told).toMatchObject({ lane: '0123abcd.short-poll', transport: 'short-poll', requests: 1 })
  expect((await other.next('lanes')).lanes.map(({ lane }) => lane)).toEqual(['89abcdef.short-poll'])
  page.socket.close()
  other.socket.close()
})

test('byte counts contain an id of the meter that a restart keeps and a new server changes', async () => {
  const lives: string[] = []
  for (const acts of [['restart'], []]) {
    await using server = await serve()
    const page = await enter(server.origin, 'lobby', '&page=0123abcd')
    await (await fetch(`${server.origin}/feed/lobby/poll?lane=0123abcd.sse`)).arrayBuffer()
    lives.push((await page.next('lanes')).life)
    for (const type of acts) {
      page.say({ type })
      await once(page.socket, 'close')
      const again = await until('the new server accepts the page', () =>
        enter(server.origin, 'lobby', '&page=0123abcd').catch(() => null),
      )
      lives.push((await again.next('lanes')).life)
      const { life } = await (await fetch(`${server.origin}/lab/lanes`)).json()
      expect(life).toBe(lives.at(-1))
    }
  }
  const [first, restarted, other] = lives
  expect(restarted).toBe(first)
  expect(other).not.toBe(first)
})

test('a page gets the final byte counts before the server closes', async () => {
  const server = await serve()
  const page = await enter(server.origin, 'lobby', '&page=0123abcd')
  const used = async () => (await (await fetch(`${server.origin}/lab/lanes`)).json()).lanes[0]
  await (await fetch(`${server.origin}/feed/lobby/poll?lane=0123abcd.sse`)).arrayBuffer()
  await page.next('lanes')
  await (await fetch(`${server.origin}/feed/lobby/poll?lane=0123abcd.sse`)).arrayBuffer()
  const expected = await used()
  await server.close()
  expect((await page.next('lanes')).lanes).toEqual([expected])
})

test('the metronome ticks while a page is in the room, and stops when the last page leaves', async () => {
  await using server = await serve()
  const [one, two] = [await enter(server.origin), await enter(server.origin)]
  one.say({ type: 'settings', settings: { ratePerSecond: 20 } })
  const count = async () => (await (await fetch(`${server.origin}/feed/lobby/poll?after=0`)).json()).events.length
  await until(
    'the metronome has published an event',
    async () => (await fetch(`${server.origin}/feed/lobby/poll?after=0`)).status === 200,
  )
  one.socket.close()
  const before = await count()
  await until('the metronome has published an event for the other page', async () => (await count()) > before)
  two.socket.close()
  await until('the server has no open connection', async () => {
    server.app.server.closeIdleConnections()
    return (await server.connections()) === 0
  })
  const atTheEnd = await count()
  // At 20 a second about twenty ticks would come during these hundred requests.
  for (let i = 0; i < 100; i++) await server.publish(String(i), 'elsewhere')
  expect(await count()).toBe(atTheEnd)
})

test('every page gets each change of the settings and of the number of pages', async () => {
  await using server = await serve()
  const [one, two] = [await enter(server.origin), await enter(server.origin)]
  one.say({ type: 'settings', settings: { ratePerSecond: 5 } })
  expect(await two.next('settings')).toMatchObject({ settings: { ratePerSecond: 5 } })
  await until('the lab counts two pages', () => one.all('here').at(-1)?.pages === 2)
  two.socket.close()
  await until('the lab counts one page', () => one.all('here').at(-1)?.pages === 1)
  one.socket.close()
})

test('no timer is left after the last page has left a room', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await using server = await serve()
  const before = vi.getTimerCount()
  const pages = await Promise.all(['a', 'b', 'c'].map((room) => enter(server.origin, room)))
  expect(vi.getTimerCount()).toBeGreaterThan(before)
  for (const { socket } of pages) socket.close()
  await until('no timer is left', () => vi.getTimerCount() <= before)
})

test.each([
  ['a rate above 20', { type: 'settings', settings: { ratePerSecond: 21 } }, /20/],
  ['a negative rate', { type: 'settings', settings: { ratePerSecond: -1 } }, /0 to 20/],
  ['a rate that is a text', { type: 'settings', settings: { ratePerSecond: '5' } }, /0 to 20/],
  ['a clock without a stamp', { type: 'clock' }, /clock/],
  ['an unknown type', { type: 'dance' }, /settings/],
])('a lab message with this error gets an error with a remedy: %s', async (_what, message, remedy) => {
  await using server = await serve()
  const page = await enter(server.origin)
  page.say(message)
  expect((await page.next('error')).remedy).toMatch(remedy)
  page.say({ type: 'clock', t0: 1 })
  await page.next('clock')
  page.socket.close()
})

test('the times between ticks of the metronome are exponentially distributed with the requested mean', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const feed = createFeed(memoryLog())
  const metronome = createMetronome(feed, 'a')
  metronome.setRate(20)
  await vi.advanceTimersByTimeAsync(100_000)
  metronome.setRate(0)
  await vi.advanceTimersByTimeAsync(10_000)
  const at: number[] = []
  for (let after = '0', more = true; more;) {
    const answer = await feed.since('a', after, 500)
    at.push(...answer.events.map((event) => event.at))
    after = answer.cursor
    more = answer.more
  }
  const gaps = at.slice(1).map((ms, i) => ms - (at[i] ?? 0))
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
  // With 2,000 ticks five standard errors are allowed, so that chance fails the test once in a million runs.
  expect(mean).toBeGreaterThan(50 - 5.6)
  expect(mean).toBeLessThan(50 + 5.6)
  // Exponential gaps have a deviation as large as their mean; regular gaps have none.
  expect(deviation / mean).toBeGreaterThan(0.84)
  expect(deviation / mean).toBeLessThan(1.16)
  expect(metronome.slipMs()).toBeLessThan(2)
})

test('a metronome that was stopped does not tick', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const feed = createFeed(memoryLog())
  const metronome = createMetronome(feed, 'a')
  metronome.setRate(20)
  await vi.advanceTimersByTimeAsync(1000)
  metronome.stop()
  const { cursor } = await feed.since('a', undefined, 0)
  await vi.advanceTimersByTimeAsync(10_000)
  expect((await feed.since('a', undefined, 0)).cursor).toBe(cursor)
})

test('a page that has sent a name is present and gets the presence of the room; a page without a name gets none', async () => {
  await using server = await serve({ times: { goneMs: 200 } })
  const [ada, grace, nobody] = [
    await enter(server.origin, 'lobby', '&page=0123abcd'),
    await enter(server.origin, 'lobby', '&page=89abcdef'),
    await enter(server.origin),
  ]
  const names = (page: typeof ada) =>
    page
      .all('presence')
      .at(-1)
      ?.here.map(({ name, tabs }) => `${name} ${tabs}`)
  ada.say({ type: 'here', userId: 'ada', name: 'Ada' })
  grace.say({ type: 'here', userId: 'grace', name: 'Grace' })
  await until('Ada and Grace are present', () => names(ada)?.toSorted().join() === 'Ada 1,Grace 1')
  grace.say({ type: 'here', userId: 'grace', name: 'Rear Admiral' })
  grace.say({ type: 'typing' })
  await until('Grace is typing under her new name', () => ada.all('presence').at(-1)?.typing.includes('grace'))
  await until('the new name of Grace is reported', () => names(ada)?.includes('Rear Admiral 1'))
  ada.say({ type: 'here', userId: '', name: 'x' })
  expect(await ada.next('error')).toMatchObject({ code: 'bad-message' })
  grace.socket.terminate()
  await until('only Ada is present', () => names(ada)?.join() === 'Ada 1')
  expect(nobody.all('presence')).toEqual([])
  ada.socket.close()
  nobody.socket.close()
})

test('the bytes of presence messages count for no lane', async () => {
  await using server = await serve()
  const page = await enter(server.origin, 'lobby', '&page=0123abcd')
  page.say({ type: 'here', userId: 'ada', name: 'Ada' })
  await page.next('presence')
  await (await fetch(`${server.origin}/feed/lobby/poll?lane=0123abcd.short-poll`)).arrayBuffer()
  const [lane, ...others] = (await (await fetch(`${server.origin}/lab/lanes`)).json()).lanes
  expect(lane).toMatchObject({ lane: '0123abcd.short-poll', requests: 1 })
  expect(others).toEqual([])
  page.socket.close()
})
