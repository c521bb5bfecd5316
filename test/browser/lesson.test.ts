import { EventEmitter } from 'node:events'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createAccess } from '../../server/access/access.ts'
import { createApp } from '../../server/app.ts'
import { memoryLog } from '../../server/feed/memory-log.ts'
import { kitOf } from '../../server/lessons/kit.ts'
import type { LessonResult, LessonState, LessonWish } from '../../server/lessons/state.ts'
import { exercisesOf, lessonOf } from '../../lessons/kit/course.ts'
import { startProgram } from '../../lessons/kit/program.ts'
import { until } from '../until.ts'
import { launch } from './chromium.ts'
import { setHidden } from './opened.ts'

const DESK = { width: 1280, height: 800 }
const PHONE = { width: 390, height: 844 }

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test("the student's lane delivers the feed, and the page shows the same counts and figures for it as for the other lanes", async () => {
  const { origin, tell } = await served()
  const lesson = lessonOf('4')
  const [exercise] = await exercisesOf(lesson)
  if (!exercise) throw new Error('There is no exercise.')
  await using program = await startProgram(`${lesson.folder}/solution`, exercise, { follows: origin })
  tell({ yours: `http://localhost:${program.port}` })
  const { page, trouble } = await open(`${origin}/lessons/04-long-polling`)
  for (const lane of ['short-poll', 'long-poll', 'yours']) {
    const figures = page.locator(`[data-lane="${lane}"] .figures`)
    await until(`lane ${lane} has messages`, async () => /([2-9]|\d\d) of \1 arrived/.test(await figures.innerText()))
    expect(await figures.innerText()).toContain('0 lost')
  }
  expect(await page.locator('.lane-row').count()).toBe(3)
  for (const lane of ['long-poll', 'yours'])
    await until(`the page shows the bytes of lane ${lane}`, async () =>
      /\d B \/ message/.test(await page.locator(`[data-lane="${lane}"] .figures`).innerText()),
    )
  // The student's lane passes through the sandbox, so its delay has one more hop, which the page states.
  expect(await page.locator('[data-lane="yours"] .figures').innerText()).toMatch(/hop adds ≥ \d[\d.]*/)
  expect(trouble).toEqual([])
})

test('the page shows each result as it comes, opens the first failed check, and asks the kit for a hint or a new check', async () => {
  const { origin, tell, wishes } = await served()
  tell({ results: [PASSED, FAILED], is: 'waiting' })
  const { page } = await open(`${origin}/lessons/04-long-polling`)
  const checks = page.locator('.checks')
  await checks.getByText('1 of 2 checks pass').waitFor()
  expect(await checks.locator('.dump').innerText()).toBe('HTTP/1.1 204 No Content\n         ^\nwanted:  200\n')
  expect(await checks.locator('mark').innerText()).toBe('204')
  expect(await checks.getByText('the missing idea').count()).toBe(1)
  await checks.getByRole('button', { name: 'Next hint' }).click()
  await page.locator('h1').click()
  await page.keyboard.press('r')
  await until('the kit has received two requests', () => wishes.length === 2)
  expect(wishes).toEqual(['hint', 'check'])
  tell({ results: [PASSED, FAILED], rungs: 2 })
  await checks.getByText('Look at where you answer.').waitFor()
  tell({ results: [], is: 'checking' })
  await until('two checks are marked "not yet"', async () => (await checks.getByText('not yet').count()) === 2)
})

test('the page stores a prediction, and shows the measurement only after the prediction', async () => {
  const { origin } = await served()
  const { page } = await open(`${origin}/lessons/04-long-polling`)
  const settings = { conditions: { latencyMs: 100 } }
  await page.request.put(`${origin}/lab/settings`, { data: settings })
  const prediction = page.locator('fw-prediction')
  await until('the lane has received a message', async () =>
    /[1-9] of/.test(await page.locator('[data-lane="long-poll"] .figures').innerText()),
  )
  expect(await prediction.locator('.value').allInnerTexts()).toEqual(['–'])
  await prediction.getByRole('textbox').fill('10')
  await until('the measured value is shown', async () =>
    /\d/.test((await prediction.locator('.value').allInnerTexts()).join('')),
  )
  await page.reload()
  expect(await prediction.getByRole('textbox').inputValue()).toBe('10')
})

test('a lesson states which network its measurement needs, and a lesson without a measurement explains what to count', async () => {
  const { origin } = await served()
  const { page } = await open(`${origin}/lessons/04-long-polling`)
  await page.locator('fw-prediction').getByText('when the network has a delay of 100 ms').waitFor()
  await page.goto(`${origin}/lessons/08-sse-in-practice`)
  await page.locator('fw-prediction').getByText('Open the seven tabs').waitFor()
})

test('a button sends the request in the lesson’s text, and the page shows the bytes of the request and the response', async () => {
  const { origin } = await served()
  const { page, trouble } = await open(`${origin}/lessons/04-long-polling`)
  const asked = page.locator('.http + .try').first()
  await asked.getByRole('button', { name: 'Try' }).click()
  await until('the response is shown', async () => /preference-applied: wait=1/.test(await asked.innerText()))
  // The room's own cursor replaces the one in the text.
  const crossed = await asked.innerText()
  expect(crossed).toMatch(
    /\d bytes, head\nGET \/feed\/lesson-4\/long-poll\?after=\w+\.0&wait=1&lane=\w{8}\.try1 HTTP\/1.1\n/,
  )
  // Headers that the browser adds.
  expect(crossed).toMatch(/\nHost: localhost:\d+\n.*\nUser-Agent: .*\nHTTP\/1.1 204 No Content\n/s)
  const told = page.locator('pre.sh + .try').first()
  await told.getByRole('button', { name: 'Try' }).click()
  await until('the page shows the network of the text', async () =>
    /100 ms each way/.test(await page.locator('.holds').innerText()),
  )
  await until('the request is shown', async () =>
    /PUT \/lab\/settings\?room=lobby&lane=\w{8}\.try2 HTTP\/1.1\n.*\ncontent-type: application\/json/is.test(
      await told.innerText(),
    ),
  )
  expect(trouble).toEqual([])
})

test('if no lesson or another lesson runs, the page says how to start this lesson', async () => {
  const { origin, tell } = await served()
  const { page } = await open(`${origin}/lessons/03-short-polling`)
  await page.locator('.checks').getByText('npm run lesson 3', { exact: true }).waitFor()
  tell({ title: 'Long polling?' })
  await page.locator('.checks').getByRole('link', { name: 'Long polling?' }).waitFor()
})

test('a hidden lesson page closes its connections, and shows the current state when it is visible again', async () => {
  const { origin, tell } = await served()
  tell({ results: [PASSED] })
  const { page } = await open(`${origin}/lessons/04-long-polling`)
  await page.getByText('1 of 1 checks pass').waitFor()
  const letGo = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/lessons/state'))
  await setHidden(page, true)
  await letGo
  tell({ results: [PASSED, FAILED] })
  await setHidden(page, false)
  await page.getByText('1 of 2 checks pass').waitFor()
})

test('the seventh tab of lesson 8 stays blank until one of the six others is closed', async () => {
  const { folder } = lessonOf('8')
  await using program = await startProgram(folder, { name: 'tabs', hosted: { kind: 'server' } })
  const address = `http://localhost:${program.port}/`
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const tabs = await Promise.all(Array.from({ length: 6 }, () => context.newPage()))
  const counts = () => Promise.all(tabs.map(async (tab) => Number(await tab.locator('#count').innerText())))
  for (const tab of tabs) await tab.goto(address)
  await until('every tab has an open stream', async () => (await counts()).every((count) => count > 0))
  const seventh = await context.newPage()
  let isHere = false
  const going = seventh.goto(address).then(() => (isHere = true))
  const before = await counts()
  await until('every tab counts two seconds more', async () =>
    (await counts()).every((count, i) => count > (before[i] ?? 0) + 1),
  )
  expect(isHere).toBe(false)
  await tabs[0]?.close()
  await going
  await seventh.getByRole('heading', { name: 'Here is the page' }).waitFor()
})

test('a long list of checks scrolls in its own box, so that the lanes and the text stay in place', async () => {
  const { origin, tell } = await served()
  tell({ results: Array.from({ length: 20 }, (_none, i) => ({ ...FAILED, check: `check-${i}` })) })
  const { page } = await open(`${origin}/lessons/04-long-polling`)
  await page.getByText('0 of 20 checks pass').waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBe(DESK.height)
  expect(await page.locator('.checks').evaluate((one) => one.scrollHeight - one.clientHeight)).toBeGreaterThan(0)
})

test('the open list of lessons marks a lesson as soon as it is finished, and then offers its bug hunt', async () => {
  const { origin, tell } = await served()
  const { page } = await open(`${origin}/lessons`)
  const hunt = page.getByText('npm run lesson hunt 3')
  await expect.poll(() => hunt.isHidden()).toBe(true)
  tell({ course: [{ name: '03-short-polling', isDone: true }] })
  await page.locator('.course li.done').getByText('done').waitFor()
  await hunt.waitFor()
})

test.each([
  { name: 'light', viewport: DESK, colorScheme: 'light' },
  { name: 'dark', viewport: DESK, colorScheme: 'dark' },
  { name: 'on a phone', viewport: PHONE, colorScheme: 'light' },
] as const)('$name: axe finds no violation, and nothing is wider than the page', async ({ viewport, colorScheme }) => {
  const { origin, tell } = await served()
  tell({ results: [PASSED, FAILED], is: 'waiting' })
  const { page, trouble } = await open(`${origin}/lessons/04-long-polling`, { viewport, colorScheme })
  await page.locator('.dump').waitFor()
  await page.getByRole('textbox', { name: 'You said' }).fill('10')
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width)
  // The student's server does not run here, so its lane is reset, and the browser logs that.
  expect(trouble.filter((line) => !/ERR_(?:CONNECTION_RESET|SOCKET_NOT_CONNECTED)/.test(line))).toEqual([])
})

test("on a phone, the page of the last lesson shows that lesson's square in the row of lessons", async () => {
  const { origin } = await served()
  const { page } = await open(`${origin}/lessons/18-capstone-task-board`, { viewport: PHONE })
  const isSeen = () =>
    page.locator('.progress .current').evaluate((square) => {
      const { left, right } = square.getBoundingClientRect()
      return left >= 0 && right <= innerWidth
    })
  await expect.poll(isSeen).toBe(true)
})

test.each([
  ['01-why-real-time', 390],
  ['04-long-polling', 360],
  ['11-rooms-and-broadcasting', 360],
  ['16-scaling', 360],
  ['17-choosing', 360],
  ['18-capstone-task-board', 390],
  ['16-scaling', 1280],
])('each drawing of lesson %s fits a page of %d px', async (name, width) => {
  const { origin } = await served()
  const { page } = await open(`${origin}/lessons/${name}`, { viewport: { width, height: 800 } })
  const drawings = page.locator('.text .drawn[aria-label="Drawing"]')
  expect(await drawings.count()).toBeGreaterThan(0)
  const wide = await drawings.evaluateAll((all) =>
    all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent),
  )
  expect(wide).toEqual([])
  // Smaller text cannot be read.
  const sizes = await drawings
    .locator('code')
    .evaluateAll((all) => all.map((code) => Number.parseFloat(getComputedStyle(code).fontSize)))
  expect(Math.min(...sizes)).toBeGreaterThan(7)
})

test.each(['04-long-polling', '11-rooms-and-broadcasting', '17-choosing'])(
  'on a phone, no part of lesson %s moves while the page loads',
  async (name) => {
    const { origin } = await served()
    const { page } = await open(`${origin}/lessons/${name}`, { viewport: PHONE })
    await page.evaluate(() => {
      window.shifted = 0
      const add = (list: PerformanceObserverEntryList) => {
        for (const entry of list.getEntries()) window.shifted += Reflect.get(entry, 'value')
      }
      new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true })
    })
    await page.waitForFunction(() => window.fourwire?.snapshot().lanes.some(({ n }) => n > 1))
    await page.getByRole('heading', { name: 'Checks' }).waitFor()
    // Figures with one more digit begin a little further left.
    expect(await page.evaluate(() => window.shifted)).toBeLessThan(0.001)
  },
)

test('a printed lesson contains only its text and an empty field for the prediction', async () => {
  const { origin } = await served()
  const { page } = await open(`${origin}/lessons/04-long-polling`, { colorScheme: 'dark' })
  await page.getByRole('textbox', { name: 'You said' }).fill('10')
  await page.emulateMedia({ media: 'print' })
  for (const hidden of ['.site', '.course-bar', 'fw-lesson', 'fw-prediction'])
    expect(await page.locator(hidden).isVisible()).toBe(false)
  expect(await page.locator('.predict').evaluate((one) => getComputedStyle(one, '::after').width)).not.toBe('auto')
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).color)).toBe('rgb(0, 0, 0)')
})

const PASSED: LessonResult = {
  exercise: 'long-poll',
  check: 'at-once',
  title: 'Answers at once where there is something',
  verdict: 'pass',
  ms: 6,
  finding: null,
}

const FAILED: LessonResult = {
  exercise: 'long-poll',
  check: 'holds',
  title: 'Holds the request',
  verdict: 'fail',
  ms: 75,
  finding: {
    saw: 'You answered:',
    bytes: 'HTTP/1.1 204 No Content',
    at: 9,
    wanted: '200',
    hint: ['Nothing was new.', 'Look at where you answer.', 'The server waits.'],
  },
}

test('a button runs a program of the section Look, shows its output while it runs, and stops it', async () => {
  const { origin, tell, wishes } = await served()
  tell({})
  const { page } = await open(`${origin}/lessons/04-long-polling`)
  const held = page.locator('pre.sh', { hasText: 'npm run look 4 held' }).locator('+ .try')
  await held.getByRole('button', { name: 'Run' }).click()
  await until('the kit has received the wish', () => wishes.length === 1)
  tell({ looking: { name: 'held', text: '> GET /feed\n', isOver: false } })
  await held.getByText('> GET /feed').waitFor()
  await held.getByRole('button', { name: 'Stop' }).click()
  await until('the kit has received the second wish', () => wishes.length === 2)
  tell({ looking: { name: 'held', text: '> GET /feed\n< 200', isOver: true } })
  await held.getByText('< 200').waitFor()
  expect(await held.getByRole('button').innerText()).toBe('Run')
  expect(wishes).toEqual([{ look: 'held' }, { look: null }])
})

test('the page of a lesson that does not run offers to start it, and runs no program', async () => {
  const { origin, tell, wishes } = await served()
  tell({ lesson: '03-short-polling', title: 'How?' })
  const { page } = await open(`${origin}/lessons/04-long-polling`)
  await page.getByRole('button', { name: 'Start lesson 4' }).click()
  await until('the kit has received the wish', () => wishes.length === 1)
  expect(wishes).toEqual([{ start: '04-long-polling' }])
  expect(await page.getByRole('button', { name: 'Run', disabled: true }).count()).toBeGreaterThan(1)
})

test('a button undoes the settings that a lesson has changed', async () => {
  const { origin } = await served()
  const { page } = await open(`${origin}/lessons/04-long-polling`)
  await page.request.put(`${origin}/lab/settings`, { data: { conditions: { latencyMs: 30 } } })
  const slow = page.locator('pre.sh', { hasText: 'npm run look 4 slow' }).locator('+ .try')
  await slow.getByRole('button', { name: 'Try' }).click()
  await page.locator('.holds', { hasText: '100 ms each way' }).waitFor()
  await slow.getByRole('button', { name: 'Undo' }).click()
  await page.locator('.holds', { hasText: '30 ms each way' }).waitFor()
  await slow.getByRole('button', { name: 'Undo' }).waitFor({ state: 'hidden' })
})

test('a bug hunt is offered when all checks pass', async () => {
  const { origin, tell, wishes } = await served()
  tell({ results: [PASSED] })
  const { page } = await open(`${origin}/lessons/04-long-polling`)
  await page.getByRole('button', { name: 'Hunt a bug' }).click()
  await until('the kit has received the wish', () => wishes.length === 1)
  expect(wishes).toEqual(['hunt'])
  tell({ results: [PASSED, FAILED], hunt: { number: 1, of: 9 } })
  await page.getByRole('button', { name: 'Back to your work' }).waitFor()
})

/** Starts a sandbox with a lesson kit that the test controls. */
async function served() {
  const wishes: LessonWish[] = []
  const parent = Object.assign(new EventEmitter<{ message: [LessonState] }>(), {
    send: (wish: LessonWish) => wishes.push(wish),
  })
  const app = await createApp({ log: memoryLog(), access: createAccess(), kit: kitOf(parent) })
  onTestFinished(async () => {
    setTimeout(() => app.server.closeAllConnections(), 1500).unref()
    await app.close()
  })
  const origin = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('127.0.0.1', 'localhost')
  let state: LessonState = {
    lesson: '04-long-polling',
    title: 'What happens?',
    files: ['long-poll.ts'],
    is: 'waiting',
    said: 'Waiting for you to save.',
    yours: null,
    transport: 'long-poll',
    results: [],
    checkedAtMs: null,
    rungs: 1,
    hunt: null,
    looking: null,
    course: [],
  }
  const tell = (change: Partial<LessonState>) => {
    state = { ...state, ...change }
    parent.emit('message', state)
  }
  return { origin, tell, wishes }
}

async function open(url: string, options: Parameters<Browser['newContext']>[0] = {}) {
  const context = await browser.newContext({ viewport: DESK, ...options })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const trouble: string[] = []
  page.on('pageerror', ({ message }) => trouble.push(message))
  page.on('console', (message) => {
    if (message.type() === 'error') trouble.push(message.text())
  })
  await page.goto(url)
  return { page, trouble }
}
