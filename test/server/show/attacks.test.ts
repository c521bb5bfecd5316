/** Attacks on the show: pages that act without the rights, and seats that lie, flood or take another's place. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSeats } from '../../../server/show/seats.ts'
import type { ShowSaying } from '../../../server/protocol/show.ts'
import { serve } from '../../serve.ts'
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

test('with a refused token, no act of the show works, neither by WebSocket nor by plain HTTP', async () => {
  await using server = await serve({ isShared: true, token: TOKEN })
  const victim = await sit(server.origin, 'victim')
  const before = await victim.next('state')
  const socket = await enter(server.origin, { token: 'wrong-horse-battery' })
  await until('the token is refused', () => socket.errors().length)
  expect(socket.errors()[0]?.code).toBe('wrong-token')
  for (const act of ACTS) expect((await socket.refused(act)).code, `${act.say} by WebSocket`).toBe('not-instructor')

  const lines = await lineOf(server.origin)
  const say = (message: object) =>
    fetch(`${server.origin}/lab/say?line=${lines.line}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
    })
  // The errors of a line come in its stream.
  for (const act of ACTS) await say({ type: 'show', ...act })
  expect((await lines.codes(ACTS.length)).filter((code) => code !== 'not-instructor')).toEqual([])
  for (const file of ['session.json', 'session.csv']) {
    const headers = { authorization: 'Bearer wrong-horse-battery' }
    expect((await fetch(`${server.origin}/stage/${file}`, { headers })).status, file).toBe(403)
    expect((await fetch(`${server.origin}/stage/${file}`)).status, file).toBe(403)
  }
  const { scene, step, room, blank, names, driver } = victim.state() ?? before.state
  expect({ scene, step, room, blank, names, driver }).toEqual({
    scene: before.state.scene,
    step: before.state.step,
    room: before.state.room,
    blank: false,
    names: false,
    driver: null,
  })
  expect(victim.told('removed')).toEqual([])
  lines.end()
})

test('a seat that votes twice has one vote, and a late vote changes nothing', async () => {
  await using server = await serve()
  const guide = await enter(server.origin)
  guide.say({ say: 'follow', seats: true })
  guide.say({ say: 'go', scene: 'news', step: 'predict' })
  const seat = await sit(server.origin, 'twice')
  await seat.stateWith({ scene: 'news' })
  seat.say({ say: 'vote', scene: 'news', answer: 0 })
  seat.say({ say: 'vote', scene: 'news', answer: 1 })
  await guide.stateWith({ voted: 1 })
  guide.say({ say: 'go', scene: 'news', step: 'closed' })
  await seat.stateWith({ step: 'closed', votes: [0, 1, 0, 0] })
  expect((await seat.refused({ say: 'vote', scene: 'news', answer: 2 })).code).toBe('vote-closed')
  expect(seat.state()?.votes).toEqual([0, 1, 0, 0])
})

test.each<[string, object, string]>([
  ['a delay of 1e308 ms', { p50Ms: 1e308 }, 'bad-message'],
  ['a negative delay', { p50Ms: -1 }, 'bad-message'],
  ['NaN, which JSON turns into null, as a count', { n: Number.NaN }, 'bad-message'],
  ['a fraction as a count', { lost: 0.5 }, 'bad-message'],
  ['text as a delay', { p50Ms: '5' }, 'bad-message'],
  ['an unknown transport', { transport: 'pigeon' }, 'bad-message'],
  ['a field that does not belong there', { seat: 1 }, 'bad-message'],
])('a report with %s is refused, and the report before it stays', async (_what, wrong, code) => {
  await using server = await serve()
  const guide = await enter(server.origin)
  guide.say({ say: 'follow', seats: true })
  const seat = await sit(server.origin, 'liar')
  const report = { transport: 'sse', p50Ms: 5, n: 10, boundMs: 1, lost: 0, doubled: 0 } as const
  seat.say({ say: 'report', report })
  expect((await seat.refused({ say: 'report', report: { ...report, ...wrong } })).code).toBe(code)
  seat.say({ say: 'follow', seats: true })
  const seats = await seat.next('seats')
  expect(seats.seats[0]?.report).toEqual(report)
})

test.each([
  ['300 characters', 'x'.repeat(300), 'bad-message'],
  ['a control character', 'Ada\u0007', 'bad-name'],
  ['a character that changes the direction', 'Ada\u202e', 'bad-name'],
  ['the name of the instructor', 'Teacher', 'reserved-name'],
])('a seat cannot have a name with %s', async (_what, name, code) => {
  await using server = await serve({ isShared: true, token: TOKEN })
  const seat = await enter(server.origin)
  expect((await seat.refused({ say: 'sit', key: 'key-of-mallory', name })).code).toBe(code)
})

test('no message to another page contains the key of a seat or its hash', async () => {
  await using server = await serve({ isShared: true, token: TOKEN })
  const key = 'key-of-owner'
  const guide = await enter(server.origin, { token: TOKEN })
  guide.say({ say: 'follow', seats: true })
  const other = await sit(server.origin, 'other')
  other.say({ say: 'follow', seats: true })
  const owner = await sit(server.origin, 'owner', { name: 'Ada' })
  await guide.stateWith({ here: 2 })
  await other.stateWith({ here: 2 })
  const headers = { authorization: `Bearer ${TOKEN}` }
  const session = await (await fetch(`${server.origin}/stage/session.json`, { headers })).text()
  const heard = [guide, other, owner].flatMap((page) =>
    (['scenes', 'state', 'seats', 'seat'] as const).flatMap((tell) => page.told<typeof tell>(tell)),
  )
  const text = JSON.stringify(heard) + session
  expect(text).toContain('"seat":')
  expect(text).not.toContain(key)
  expect(text).not.toContain(createHash('sha256').update(key).digest('base64url'))
})

test('10,000 sits take no more than 500 seats, and with the usual limits another seat still votes', async () => {
  const seats = createSeats(['sse', 'ws'])
  for (let i = 0; i < 10_000; i++) seats.sit(`key-of-${i}`, () => true)
  expect(seats.records).toHaveLength(500)

  await using server = await serve({ limits: {} })
  const guide = await enter(server.origin)
  guide.say({ say: 'go', scene: 'news', step: 'predict' })
  const honest = await sit(server.origin, 'honest')
  const flood = await enter(server.origin)
  for (let i = 0; i < 10_000; i++) flood.say({ say: 'sit', key: `key-of-${i}`, name: '' })
  await honest.stateWith({ scene: 'news' })
  honest.say({ say: 'vote', scene: 'news', answer: 1 })
  await honest.stateWith({ voted: 1 })
})

interface HttpLine {
  readonly line: string
  /** Waits for this many errors in the stream. */
  codes(count: number): Promise<string[]>
  end(): void
}

/** Opens the lab as a page that reads by plain HTTP. */
async function lineOf(origin: string): Promise<HttpLine> {
  const stop = new AbortController()
  const response = await fetch(`${origin}/lab/sse?room=class-1&page=aabbccdd`, { signal: stop.signal })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const readUntil = async (done: () => boolean): Promise<void> => {
    while (!done()) text += (await reader?.read())?.value ?? ''
  }
  const errors = () => Array.from(text.matchAll(/"type":"error","code":"([\w-]+)"/g), ([, code = '']) => code)
  await readUntil(() => /event: line\ndata: .+\n\n/.test(text))
  return {
    line: /event: line\ndata: (.+)\n/.exec(text)?.[1] ?? '',
    async codes(count) {
      await readUntil(() => errors().length >= count)
      return errors()
    },
    end: () => stop.abort(),
  }
}
