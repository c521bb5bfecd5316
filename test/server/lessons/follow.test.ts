import { EventEmitter } from 'node:events'
import { createParser } from 'eventsource-parser'
import { expect, onTestFinished, test } from 'vitest'
import { createAccess } from '../../../server/access/access.ts'
import { createApp } from '../../../server/app.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { kitOf } from '../../../server/lessons/kit.ts'
import type { Kit } from '../../../server/lessons/kit.ts'
import type { LessonState, LessonWish, ToldLesson } from '../../../server/lessons/state.ts'

const JSON_BODY = { 'content-type': 'application/json' }

const STATE: LessonState = {
  lesson: '04-long-polling',
  title: 'What happens?',
  files: ['long-poll.ts'],
  is: 'waiting',
  said: 'Waiting for you to save.',
  yours: 'http://localhost:4104',
  transport: 'long-poll',
  results: [],
  checkedAtMs: null,
  rungs: 1,
  hunt: null,
  looking: null,
  course: [],
}

test('a page gets the state of the lesson at once and after each change', async () => {
  const { parent, kit } = parentOf()
  parent.emit('message', STATE)
  const { origin } = await served(kit)
  const told = await follow(origin)
  const here = { hopMs: null, checkedAgoMs: null }
  expect(await told()).toEqual({ ...STATE, ...here })
  parent.emit('message', { ...STATE, is: 'checking' })
  expect(await told()).toMatchObject({ is: 'checking' })
})

test('a page gets how long ago the last check was, because the clock of the page may differ', async () => {
  const { parent, kit } = parentOf()
  parent.emit('message', { ...STATE, checkedAtMs: Date.now() - 60_000 })
  const { origin } = await served(kit)
  const { checkedAgoMs } = (await (await follow(origin))()) as ToldLesson
  expect(checkedAgoMs).toBeGreaterThanOrEqual(60_000)
  expect(checkedAgoMs).toBeLessThan(70_000)
})

test('a page gets null if there is no kit, or if the kit has sent nothing', async () => {
  for (const kit of [parentOf().kit, undefined]) {
    const { origin } = await served(kit)
    expect(await (await follow(origin))()).toBe(null)
  }
})

test.for(['resources', '', 7, null, undefined, true, [], { 'watch:require': ['a.ts'] }])(
  'the server ignores a message of its parent process that is not about a lesson: %j',
  (said) => {
    const { parent, kit } = parentOf()
    const told: LessonState[] = []
    kit.follow((state) => told.push(state))
    parent.emit('message', said)
    expect(kit.state).toBe(null)
    parent.emit('message', STATE)
    parent.emit('message', said)
    expect(kit.state).toEqual(STATE)
    expect(told).toEqual([STATE])
  },
)

test('a page can ask the kit to run the checks and to give a hint', async () => {
  const { kit, wishes } = parentOf()
  const { origin } = await served(kit)
  for (const wish of ['check', 'hint']) {
    expect((await fetch(`${origin}/lessons/${wish}`, { method: 'POST' })).status).toBe(204)
  }
  expect(wishes).toEqual(['check', 'hint'])
})

test('a page can ask the kit to run a program of the section Look, and to start another lesson', async () => {
  const { kit, wishes } = parentOf()
  const { origin } = await served(kit)
  const post = async (path: string, body: object) =>
    (await fetch(`${origin}/lessons/${path}`, { method: 'POST', headers: JSON_BODY, body: JSON.stringify(body) }))
      .status
  expect(await post('look', { look: 'held' })).toBe(204)
  expect(await post('look', { look: null })).toBe(204)
  expect(await post('start', { start: '05-how-sse-works' })).toBe(204)
  expect(wishes).toEqual([{ look: 'held' }, { look: null }, { start: '05-how-sse-works' }])
  for (const look of ['', '../held', 'a b', 7, undefined]) expect(await post('look', { look })).toBe(400)
  for (const start of ['05', '../05-x', null]) expect(await post('start', { start })).toBe(400)
})

test('a page on another machine or of another site cannot send a request to the kit', async () => {
  const { kit, wishes } = parentOf()
  const { origin } = await served(kit, true)
  expect((await fetch(`${origin}/lessons/check`, { method: 'POST' })).status).toBe(403)
  const foreign = { method: 'POST', headers: { origin: 'http://example.org' } }
  expect((await fetch(`${origin}/lessons/hint`, foreign)).status).toBe(403)
  expect(wishes).toEqual([])
})

test("a lesson's page connects only to its own origin, with a kit and without one", async () => {
  const { parent, kit } = parentOf()
  parent.emit('message', STATE)
  for (const one of [kit, undefined]) expect(await spokenTo((await served(one)).origin)).toBe("'self'")
})

test("closing the server ends the stream of the lesson's state", async () => {
  const { app, origin } = await served(parentOf().kit)
  const { body } = await fetch(`${origin}/lessons/state`)
  const whole = new Response(body).text()
  await app.close()
  expect(await whole).toContain('data: null')
})

function parentOf() {
  const wishes: LessonWish[] = []
  const parent = Object.assign(new EventEmitter<{ message: [unknown] }>(), {
    send: (wish: LessonWish) => wishes.push(wish),
  })
  return { parent, kit: kitOf(parent), wishes }
}

async function served(kit: Kit | undefined, isShared = false) {
  const access = createAccess({ isShared })
  const app = await createApp({ log: memoryLog(), access, kit })
  onTestFinished(() => app.close())
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, origin }
}

/** Returns a function. Each call resolves with the next state that a page gets. */
async function follow(origin: string): Promise<() => Promise<unknown>> {
  const { body } = await fetch(`${origin}/lessons/state`)
  if (!body) throw new Error('There is no body.')
  const told: unknown[] = []
  const parser = createParser({ onEvent: ({ data }) => told.push(JSON.parse(data)) })
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  return async () => {
    while (told.length === 0) {
      const { value, done } = await reader.read()
      if (done) throw new Error('It ended.')
      parser.feed(value)
    }
    return told.shift()
  }
}

async function spokenTo(origin: string): Promise<string | undefined> {
  const { headers } = await fetch(`${origin}/lessons/04-long-polling`)
  return /connect-src ([^;]*);/.exec(headers.get('content-security-policy') ?? '')?.[1]
}
