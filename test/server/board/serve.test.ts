import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Change } from '../../../server/protocol/board.ts'
import type { BoardAnswer } from '../../../server/protocol/board-answer.ts'
import type { Event, PollAnswer, Problem } from '../../../server/protocol/feed.ts'
import { serve } from '../../serve.ts'
import { spawnServer } from '../../spawn.ts'
import { until } from '../../until.ts'

interface Answer<T> {
  readonly status: number
  readonly json: T
}

async function ask<T>(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
  const response = await fetch(
    url,
    body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } },
  )
  return { status: response.status, json: await response.json() }
}

const create = (id: string, title = id): Change => ({ type: 'task_created', task: { id, title } })

test('a change gets 201 and its event, which the feed delivers, and a change with a repeated key gets 200 and the same event', async () => {
  await using server = await serve()
  const url = `${server.origin}/boards/b`
  const { json: before } = await ask<BoardAnswer>(url)
  const wish = { user: 'Ada', type: 'task_created', task: { title: 'Draw a map' } }
  const first = await ask<Event>(url, wish, { 'idempotency-key': 'k' })
  expect(first).toMatchObject({
    status: 201,
    json: {
      room: 'b',
      type: 'task_created',
      user: 'Ada',
      key: 'k',
      task: { title: 'Draw a map', list: 'todo', before: null },
    },
  })
  expect(first.json.task?.id).toMatch(/^[a-z0-9-]{1,32}$/)
  expect(await ask(url, wish, { 'idempotency-key': 'k' })).toEqual({ ...first, status: 200 })
  const { json: news } = await ask<PollAnswer>(`${server.origin}/feed/b/poll?after=${before.cursor}`)
  expect(news.events).toEqual([first.json])
  const { json: after } = await ask<BoardAnswer>(url)
  expect(after).toMatchObject({ cursor: news.cursor, board: { tasks: [{ title: 'Draw a map', list: 'todo' }] } })
})

test.for<[string, unknown, string, RegExp]>([
  ['a list', [], 'bad-change', /^The body is \[\]/],
  ['no user', { type: 'task_deleted', task: { id: 'a' } }, 'bad-change', /user/],
  ['an unknown type', { user: 'Ada', type: 'dance' }, 'bad-change', /^type is "dance"/],
  [
    'an event type that boards do not have',
    { user: 'Ada', type: 'message', text: 'x' },
    'bad-change',
    /type is "message"|text is "x"/,
  ],
  ['no task', { user: 'Ada', type: 'task_created' }, 'bad-change', /^task is missing: task_created needs it\./],
  ['no id', { user: 'Ada', type: 'task_updated', task: { done: true } }, 'bad-change', /^task\/id is missing/],
  ['no list', { user: 'Ada', type: 'list_updated' }, 'bad-change', /^list\/id is missing/],
  ['an empty title', { user: 'Ada', ...create('a', '') }, 'bad-change', /^task\/title is ""/],
  ['a title of 201 characters', { user: 'Ada', ...create('a', '🜁'.repeat(201)) }, 'bad-change', /^task\/title is "🜁/u],
  ['an id with a quote in it', { user: 'Ada', ...create('a"b') }, 'bad-change', /^task\/id is "a\\"b"/],
  [
    'a misspelt field',
    { user: 'Ada', type: 'task_updated', task: { id: 'a', titel: 'x' } },
    'bad-change',
    /^task\/titel is "x": this field does not exist\./,
  ],
  [
    'a value of done that is not a boolean',
    { user: 'Ada', type: 'task_updated', task: { id: 'a', done: 1 } },
    'bad-change',
    /^task\/done is 1/,
  ],
  ['a task that does not exist', { user: 'Ada', type: 'task_deleted', task: { id: 'a' } }, 'unknown-task', /"a"/],
  [
    'a list that does not exist',
    { user: 'Ada', type: 'task_created', task: { title: 'x', list: 'no' } },
    'unknown-list',
    /"no"/,
  ],
  [
    'a list that exists already',
    { user: 'Ada', type: 'list_created', list: { id: 'todo', title: 'x' } },
    'taken-id',
    /"todo"/,
  ],
])('the server refuses a change with %s, and the board stays unchanged', async ([, body, code, detail]) => {
  await using server = await serve()
  const before = await ask(`${server.origin}/boards/b`)
  const { status, json } = await ask<Problem>(`${server.origin}/boards/b`, body)
  expect(json.code).toBe(code)
  expect(json.status).toBe(status)
  expect(json.detail).toMatch(detail)
  expect(json.remedy).not.toBe('')
  expect(await ask(`${server.origin}/boards/b`)).toEqual(before)
})

test('a board stores hostile texts and returns them unchanged', async () => {
  await using server = await serve()
  const texts = [
    '<img src=x onerror=alert(1)>',
    '</script>',
    '\u202egnp.exe',
    '\u0000',
    '__proto__',
    'a\nb\r\nc',
    '🜁'.repeat(200),
  ]
  for (const [i, title] of texts.entries())
    expect(
      (await ask(`${server.origin}/boards/b`, { user: title.slice(0, 60), ...create(`t${i}`, title) })).status,
    ).toBe(201)
  const { json } = await ask<BoardAnswer>(`${server.origin}/boards/b`)
  expect(json.board.tasks.map(({ title }) => title)).toEqual(texts)
  expect((await ask<Problem>(`${server.origin}/boards/b`, { user: 'Ada', ...create('__proto__') })).json.code).toBe(
    'bad-change',
  )
})

test('changes of a board count as messages, and a client that sends too many of them gets 429', async () => {
  await using server = await serve({ limits: { messagesPerSecondPerClient: 1 } })
  const url = `${server.origin}/boards/b?lane=page.board`
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => ask<Problem>(url, { user: 'Ada', ...create(`t${i}`) })),
  )
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.map(({ json }) => json.code)).toContain('too-many-messages')
  const { json } = await ask<BoardAnswer>(`${server.origin}/boards/b`)
  expect(json.board.tasks).toHaveLength(answers.filter(({ status }) => status === 201).length)
})

test('with --auth, only people who have signed in can use a board, each only under their own name', async () => {
  await using server = await serve({ auth: { password: 'a password for all' } })
  const url = `${server.origin}/boards/b`
  expect((await ask<Problem>(url)).json.code).toBe('not-signed-in')
  expect((await ask<Problem>(url, { user: 'Ada', ...create('a') })).json.code).toBe('not-signed-in')
  const session = await fetch(`${server.origin}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'Ada', password: 'a password for all' }),
  })
  const cookie = session.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  await session.arrayBuffer()
  expect((await ask<Problem>(url, { user: 'Bo', ...create('a') }, { cookie })).json.code).toBe('wrong-user')
  expect((await ask(url, { user: 'Ada', ...create('a') }, { cookie })).status).toBe(201)
})

test('a page of another site cannot change a board', async () => {
  await using server = await serve()
  const { json } = await ask<Problem>(
    `${server.origin}/boards/b`,
    { user: 'Ada', ...create('a') },
    { origin: 'http://evil.example' },
  )
  expect(json.code).toBe('wrong-origin')
})

test('kill -9 during changes loses no acknowledged change, and the snapshot equals the result of the events', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'fourwire-board-killed-'))
  await using server = await spawnServer('--data', folder.path, '--limits', 'off')
  const acknowledged: string[] = []
  let tasks = 0
  const changing = Array.from({ length: 6 }, async () => {
    for (;;) {
      const id = `t${++tasks}`
      const { status } = await ask(`${server.origin}/boards/b`, { user: 'Ada', ...create(id) })
      if (status === 201) acknowledged.push(id)
    }
  })
  const ended = Promise.allSettled(changing)
  await until('more than 20 changes are acknowledged', () => acknowledged.length > 20, 40_000)
  await server.end('SIGKILL')
  await ended

  await using next = await spawnServer('--data', folder.path)
  const { json } = await ask<BoardAnswer>(`${next.origin}/boards/b`)
  const there = json.board.tasks.map(({ id }) => id)
  for (const id of acknowledged) expect(there).toContain(id)
  const { json: all } = await ask<PollAnswer>(`${next.origin}/feed/b/poll?after=0&limit=500`)
  expect(all.events.map(({ task }) => task?.id)).toEqual(there)
  expect(all.cursor).toBe(json.cursor)
}, 90_000)
