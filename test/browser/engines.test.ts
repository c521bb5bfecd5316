/** Checks the main functions of the pages in browsers other than Chromium. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exercisesOf, lessonOf } from '../../lessons/kit/course.ts'
import { startProgram } from '../../lessons/kit/program.ts'
import type { BoardAnswer } from '../../server/protocol/board-answer.ts'
import type { BoardSnapshot } from '../../web/board/snapshot.ts'
import type { Snapshot } from '../../web/session/snapshot.ts'
import { serve } from '../serve.ts'
import { beside } from '../server/lessons/beside.ts'
import { until } from '../until.ts'
import type { EnginePage } from './engines/engine.ts'
import { firefox } from './engines/firefox.ts'
import { webkit } from './engines/webkit.ts'

describe.each([firefox, webkit])('$name', ({ name, missing, open }) => {
  const why = missing === null ? '' : ` (skipped: ${missing})`
  let page: EnginePage
  beforeAll(async () => {
    if (missing === null) page = await open()
    else process.stderr.write(`${name} for the tests: ${missing}\n`)
  }, 60_000)
  afterAll(() => page?.[Symbol.asyncDispose]())

  const snapshot = (): Promise<Snapshot | null> => page.evaluate(() => window.fourwire?.snapshot() ?? null)
  const status = () => page.evaluate(() => document.querySelector('.statusline')?.textContent?.trim() ?? '')
  const alarms = () => page.evaluate(() => document.querySelector('[role=alert]')?.textContent?.trim() ?? '')
  const lanesHave = (n: number) =>
    until(
      `each lane has ${n} messages`,
      async () => {
        const on = (await snapshot())?.lanes.filter((lane) => lane.on) ?? []
        return on.length === 4 && on.every((lane) => lane.n >= n)
      },
      20_000,
    )

  test.skipIf(missing !== null)(
    `four lanes deliver messages and show figures, and the page reports no problem${why}`,
    async () => {
      await using server = await serve()
      await page.goto(`${server.origin}/?rate=20&poll=0.1`)
      await lanesHave(5)
      const { lanes = [], clock } = (await snapshot()) ?? {}
      expect(lanes.map(({ transport }) => transport)).toEqual(['short-poll', 'long-poll', 'sse', 'ws'])
      for (const lane of lanes) expect(lane).toMatchObject({ on: true, lost: 0, duplicated: 0, outOfOrder: 0 })
      expect(clock?.boundMs).toBeGreaterThan(0)
      const shown = () =>
        page.evaluate(() =>
          Array.from(document.querySelectorAll('fw-lane'), (lane) => [
            lane.querySelector('.p50 .big')?.textContent?.trim() ?? '',
            lane.querySelector('.cost .fig b')?.textContent?.trim() ?? '',
          ]),
        )
      await until('each lane shows a delay and its bytes', async () => {
        const figures = await shown()
        return figures.length === 4 && figures.flat().every((figure) => /\d/.test(figure))
      })
      expect([await alarms(), page.trouble]).toEqual(['', []])
    },
  )

  test.skipIf(missing !== null)(
    `when the page changes the transport, it loses no message, and the status line says so${why}`,
    async () => {
      await using server = await serve()
      await page.goto(`${server.origin}/?rate=20&poll=0.1`)
      await lanesHave(3)
      for (const label of ['SSE', 'Short polling', 'WebSocket', 'Long polling']) {
        await page.click(`button[aria-label="Only ${label}"]`)
        const said = `Only ${label} is on. It continues at the same cursor: 0 lost, 0 doubled.`
        await until(`the status line contains "${said}"`, async () => (await status()).includes(said))
      }
      const { id } = await server.publish('the end')
      const last = Number(id.split('.')[1])
      await until('the last message has arrived', async () => Number((await snapshot())?.cursor.split('.')[1]) >= last)
      for (const lane of (await snapshot())?.lanes ?? []) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
    },
  )

  test.skipIf(missing !== null)(`after a cut and a change of the network, all lanes reconnect${why}`, async () => {
    await using server = await serve()
    await page.goto(`${server.origin}/?rate=20&poll=0.1`)
    await lanesHave(3)
    await page.click('[aria-label="Failures"] button')
    const { id } = await server.publish('after the cut')
    const last = Number(id.split('.')[1])
    const all = async () => (await snapshot())?.lanes.every(({ cursor }) => Number(cursor.split('.')[1]) >= last)
    await until('all lanes have the message', all, 20_000)
    await server.set({ conditions: { latencyMs: 5 } })
    await until(
      'the status line reports that all lanes have reconnected',
      async () => (await status()).includes('All lanes have reconnected'),
      20_000,
    )
    for (const lane of (await snapshot())?.lanes ?? []) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
  })

  test.skipIf(missing !== null)(`a lesson's page has the student's lane beside the reference${why}`, async () => {
    const lesson = lessonOf('4')
    const [exercise] = await exercisesOf(lesson)
    if (!exercise) throw new Error('There is no exercise.')
    const sandbox = await beside(null)
    await using program = await startProgram(`${lesson.folder}/solution`, exercise, { follows: sandbox.origin })
    sandbox.tell(program.port)
    await page.goto(`${sandbox.origin}/lessons/${lesson.name}`)
    const figures = (lane: string) =>
      page.evaluate((lane) => document.querySelector(`[data-lane="${lane}"] .figures`)?.textContent ?? '', lane)
    for (const lane of ['short-poll', 'long-poll', 'yours']) {
      await until(
        `${lane} has messages and their bytes`,
        async () => /([2-9]|\d\d) of \1 arrived.*0 lost.*\d B \/ message/s.test(await figures(lane)),
        20_000,
      )
    }
    await page.click('.http + .try button')
    await until('the page shows the bytes that crossed', () =>
      page.evaluate(() => /HTTP\/1.1 204 No Content/.test(document.querySelector('.try pre')?.textContent ?? '')),
    )
  })

  test.skipIf(missing !== null)(
    `a typed task reaches the server, and a change from the server reaches the page${why}`,
    async () => {
      await using server = await serve()
      await page.goto(`${server.origin}/board?board=b`)
      const board = (): Promise<BoardSnapshot | null> => page.evaluate(() => window.fourwireBoard?.snapshot() ?? null)
      await until('the board is live', async () => (await board())?.isLive)
      await page.enter('[aria-label="New task in To do"]', 'Draw a map')
      const there = async () => (await (await fetch(`${server.origin}/boards/b`)).json()) as BoardAnswer
      const task = await until('the server has the task', async () => (await there()).board.tasks[0])
      expect(task.title).toBe('Draw a map')
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ user: 'Eve', type: 'task_updated', task: { id: task.id, title: 'Draw two maps' } })
      expect((await fetch(`${server.origin}/boards/b`, { method: 'POST', headers, body })).ok).toBe(true)
      await until(
        'the page shows the new title',
        async () => (await board())?.confirmed?.tasks[0]?.title === 'Draw two maps',
      )
      expect(await page.evaluate(() => document.querySelector('main')?.textContent ?? '')).toContain('Draw two maps')
    },
  )
})
