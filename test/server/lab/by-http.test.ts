/** The lab without a WebSocket: the server sends an event stream, the page sends POSTs, and the clock uses GET. */
import { EventSource } from 'eventsource'
import { expect, onTestFinished, test } from 'vitest'
import type { LabMessage } from '../../../server/protocol/lab.ts'
import type { ShowNews } from '../../../server/protocol/show.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

interface Line {
  readonly messages: (LabMessage | ShowNews)[]
  name(): string
  close(): void
}

async function open({ origin }: Served, query = 'room=lobby&page=0123abcd'): Promise<Line> {
  const messages: (LabMessage | ShowNews)[] = []
  let line = ''
  const stream = new EventSource(`${origin}/lab/sse?${query}`)
  onTestFinished(() => stream.close())
  stream.addEventListener('line', ({ data }) => (line = data))
  stream.onmessage = ({ data }) => messages.push(JSON.parse(data))
  await until('the lab has sent its welcome', () => messages.some(({ type }) => type === 'welcome'))
  return { messages, name: () => line, close: () => stream.close() }
}

const say = ({ origin }: Served, line: string, message: unknown) =>
  fetch(`${origin}/lab/say?line=${line}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(message),
  })

const ticksIn = async ({ origin }: Served): Promise<number> => {
  const { events } = await (await fetch(`${origin}/feed/lobby/poll?after=0`)).json().catch(() => ({ events: [] }))
  return events.filter(({ type }: { type: string }) => type === 'tick').length
}

test('a page that uses an event stream gets the same welcome as over a WebSocket, and the metronome runs until the stream closes', async () => {
  await using server = await serve()
  const line = await open(server)
  expect(line.messages[0]).toMatchObject({ type: 'welcome', room: 'lobby', instructor: true, user: null })
  await until('two ticks have been published', async () => (await ticksIn(server)) >= 2)
  await until('the lab reports one page in the room', () =>
    line.messages.some((one) => one.type === 'here' && one.pages === 1),
  )
  line.close()
  const other = await open(server, 'room=lobby&page=4567cdef')
  await until('the lab no longer counts the first page', () =>
    other.messages.some((one) => one.type === 'here' && one.pages === 1),
  )
})

test('a lab message sent by POST has the same effect as over a WebSocket, and its answer arrives over the stream', async () => {
  await using server = await serve()
  const line = await open(server)
  expect((await say(server, line.name(), { type: 'settings', settings: { ratePerSecond: 0 } })).status).toBe(204)
  await until('the rate has been set to 0', () =>
    line.messages.some((one) => one.type === 'settings' && one.settings.ratePerSecond === 0),
  )
  await say(server, line.name(), { type: 'here', userId: 'ada', name: 'Ada' })
  await until('Ada is present', () => line.messages.some((one) => one.type === 'presence' && one.people === 1))
  await say(server, line.name(), { type: 'dance' })
  await until('the message is refused', () =>
    line.messages.some((one) => one.type === 'error' && one.code === 'bad-message'),
  )
  await say(server, line.name(), { type: 'inspect', exchange: 1 })
  await until('the lab has answered the inspection', () => line.messages.some((one) => one.type === 'inspected'))
})

test('the server refuses a POST for a lab stream that is not open', async () => {
  await using server = await serve()
  const line = await open(server)
  expect((await say(server, 'nobody', { type: 'restart' })).status).toBe(404)
  line.close()
  await until(
    'a POST for this line gets a 404',
    async () => (await say(server, line.name(), { type: 'typing', on: true })).status === 404,
  )
})

test('with a class password, a visitor who has not signed in can neither open a lab stream nor send to it', async () => {
  await using server = await serve({ auth: { password: 'correct horse battery' } })
  expect((await fetch(`${server.origin}/lab/sse`)).status).toBe(401)
  expect((await fetch(`${server.origin}/lab/clock?t0=1`)).status).toBe(401)
  expect((await say(server, 'any', { type: 'restart' })).status).toBe(401)
})

test("only the instructor can change settings over the lab's POST", async () => {
  await using server = await serve({ isShared: true, token: 'k7f2-9xqm-abcd-0123' })
  const line = await open(server)
  expect(line.messages[0]).toMatchObject({ instructor: false })
  await say(server, line.name(), { type: 'cut', how: 'RST' })
  await until('the change is refused', () =>
    line.messages.some((one) => one.type === 'error' && one.code === 'not-instructor'),
  )
  await say(server, line.name(), { type: 'instructor', token: 'k7f2-9xqm-abcd-0123' })
  await until('the page has become the instructor', () => line.messages.some(({ type }) => type === 'instructor'))
  await say(server, line.name(), { type: 'settings', settings: { ratePerSecond: 2 } })
  await until('the rate has been set to 2', () =>
    line.messages.some((one) => one.type === 'settings' && one.settings.ratePerSecond === 2),
  )
})

test('the clock route returns the times at which the server received the request and sent the response', async () => {
  await using server = await serve()
  const before = performance.timeOrigin + performance.now()
  const response = await fetch(`${server.origin}/lab/clock?t0=${before}`)
  const { type, t0, t1, t2 } = await response.json()
  const after = performance.timeOrigin + performance.now()
  expect([type, t0, response.headers.get('cache-control')]).toEqual(['clock', before, 'no-store'])
  expect([before, t1, t2, after]).toEqual([before, t1, t2, after].toSorted((a, b) => a - b))
  expect((await fetch(`${server.origin}/lab/clock?t0=soon`)).status).toBe(400)
  expect((await fetch(`${server.origin}/lab/clock`)).status).toBe(400)
})

test("a restart ends the lab's event stream, so that the page reconnects", async () => {
  await using server = await serve()
  const response = await fetch(`${server.origin}/lab/sse`)
  const ended = response.text()
  expect((await fetch(`${server.origin}/lab/restart`, { method: 'POST' })).status).toBe(204)
  expect(await ended).toContain('"type":"welcome"')
})

test('a phone behind a firewall takes its seat and votes by POST, and the show answers over the stream', async () => {
  await using server = await serve({ times: { countsMs: 5 } })
  const line = await open(server, 'room=class-1&page=0123abcd')
  const votes = () => line.messages.flatMap((one) => (one.type === 'show' && one.tell === 'seat' ? one.vote : []))
  await say(server, line.name(), { type: 'show', say: 'take' })
  await say(server, line.name(), { type: 'show', say: 'go', scene: 'news', step: 'predict' })
  await say(server, line.name(), { type: 'show', say: 'sit', key: 'some-secret', name: '' })
  await say(server, line.name(), { type: 'show', say: 'vote', scene: 'news', answer: 2 })
  await until('the vote is confirmed', () => votes().at(-1) === 2)
  line.close()
  const other = await open(server, 'room=class-1&page=4567cdef')
  await until('the seat is free', async () => {
    await say(server, other.name(), { type: 'show', say: 'follow', seats: true })
    return other.messages.some((one) => one.type === 'show' && one.tell === 'state' && one.state.here === 0)
  })
})
