/** The task board in several pages at once, over whatever the network leaves of it. */
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BoardAnswer, Change } from '../../server/protocol.ts'
import type { BoardSnapshot } from '../../web/board/snapshot.ts'
import { startProcess } from '../chaos/process.ts'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'

const DESK = { width: 1280, height: 720 }
const PHONE = { width: 390, height: 844 }
/** Until pages agree, on a machine that does other things as well. */
const AGREE = { timeout: 30_000 }

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('what one does the other sees: add, rename, give, tick, move, delete, and take back', async () => {
  await using server = await serve()
  await using ada = await open(server.origin, { name: 'Ada' })
  await using bo = await open(server.origin, { name: 'Bo' })
  await bo.page.getByText('Nothing is on this board yet.').waitFor()

  await ada.page.getByLabel('New task in To do').fill('Draw a map')
  await ada.page.keyboard.press('Enter')
  await bo.page.getByRole('button', { name: 'Draw a map' }).waitFor()
  await bo.page.getByRole('status').getByText('Ada added “Draw a map” to “To do”.').waitFor()

  await bo.page.getByRole('button', { name: 'Draw a map' }).click()
  const task = bo.page.getByRole('complementary')
  await task.getByLabel('Task', { exact: true }).fill('Draw two maps')
  await task.getByLabel('Whose').fill('Cy')
  await task.getByRole('button', { name: 'Done' }).click()
  await task.getByLabel('List', { exact: true }).selectOption('Doing')
  await agree(server.origin, [ada, bo])
  expect((await boardOf(server.origin)).board.tasks).toMatchObject([
    { title: 'Draw two maps', assignee: 'Cy', done: true, list: 'doing' },
  ])
  await ada.page.locator('[data-list=doing]').getByRole('button', { name: 'Draw two maps Cy' }).waitFor()

  await task.getByRole('button', { name: 'Delete' }).click()
  await ada.page.getByText('Nothing is on this board yet.').waitFor()
  for (let i = 0; i < 5; i++) await bo.page.getByRole('button', { name: 'Undo' }).click()
  await agree(server.origin, [ada, bo])
  expect((await boardOf(server.origin)).board.tasks).toMatchObject([
    { title: 'Draw a map', assignee: '', done: false, list: 'todo' },
  ])

  for (let i = 0; i < 4; i++) await bo.page.getByRole('button', { name: 'Redo' }).click()
  await agree(server.origin, [ada, bo])
  expect((await boardOf(server.origin)).board.tasks).toMatchObject([
    { title: 'Draw two maps', assignee: 'Cy', done: true, list: 'doing' },
  ])
  await bo.page.keyboard.press('ControlOrMeta+Shift+Z')
  await ada.page.getByText('Nothing is on this board yet.').waitFor()
  await bo.page.keyboard.press('ControlOrMeta+Z')
  await agree(server.origin, [ada, bo])
  expect((await boardOf(server.origin)).board.tasks).toMatchObject([{ title: 'Draw two maps' }])
  expect([ada.trouble, bo.trouble]).toEqual([[], []])
})

test('lists are added, renamed and deleted', async () => {
  await using server = await serve()
  await using ada = await open(server.origin)
  await using bo = await open(server.origin)
  await ada.page.getByLabel('New list').fill('Someday')
  await ada.page.keyboard.press('Enter')
  await bo.page.getByLabel('Name of the list Someday').fill('Never')
  await bo.page.keyboard.press('Enter')
  await bo.page.getByRole('button', { name: 'Delete the list Doing' }).click()
  await agree(server.origin, [ada, bo])
  expect((await boardOf(server.origin)).board.lists.map(({ title }) => title)).toEqual(['To do', 'Done', 'Never'])
})

test('a task is moved by keyboard, and each step is announced', async () => {
  await using server = await serve()
  for (const id of ['one', 'two', 'three']) await change(server.origin, create(id))
  await using ada = await open(server.origin)
  const { page } = ada
  const said = (words: RegExp) => page.getByRole('status').getByText(words).waitFor()
  await page.getByRole('button', { name: 'three', exact: true }).focus()
  await page.keyboard.press('Space')
  await said(/^Picked up “three”, 3 of 3 in To do\. Arrow keys move it/)
  await page.keyboard.press('ArrowUp')
  await said(/^2 of 3 in To do\.$/)
  await page.keyboard.press('ArrowRight')
  await said(/^1 of 1 in Doing\.$/)
  await page.keyboard.press('ArrowDown')
  await said(/^There is nothing further that way: 1 of 1 in Doing\.$/)
  // Nobody else sees any of it before it is put down.
  expect((await boardOf(server.origin)).board.tasks.map(({ list }) => list)).toEqual(['todo', 'todo', 'todo'])
  await page.keyboard.press('Escape')
  await said(/^Put back\.$/)
  expect(await page.evaluate(() => document.activeElement?.textContent.trim())).toBe('three')
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Space')
  await said(/^Moved: 1 of 3 in To do\.$/)
  await agree(server.origin, [ada])
  expect(await tasksOf(server.origin, 'todo')).toEqual(['three', 'one', 'two'])
  await page.keyboard.press('Delete')
  await page.keyboard.press('Control+z')
  await agree(server.origin, [ada])
  expect(await tasksOf(server.origin, 'todo')).toEqual(['three', 'one', 'two'])
})

test('a task is dragged to where it is dropped', async () => {
  await using server = await serve()
  await change(server.origin, create('one'))
  await change(server.origin, create('two', 'doing'))
  await using ada = await open(server.origin)
  const { page } = ada
  const card = (id: string) => page.locator(`[data-task=${id}]`)
  await card('one').dragTo(card('two'), { targetPosition: { x: 20, y: 4 } })
  await agree(server.origin, [ada])
  expect(await tasksOf(server.origin, 'doing')).toEqual(['one', 'two'])
  await card('one').dragTo(page.locator('[data-list=done]'))
  await agree(server.origin, [ada])
  expect(await tasksOf(server.origin, 'done')).toEqual(['one'])
})

test('on a phone a task is moved by buttons, and nothing is wider than the screen', async () => {
  await using server = await serve()
  for (const id of ['one', 'two']) await change(server.origin, create(id))
  await using ada = await open(server.origin, { options: { viewport: PHONE, hasTouch: true } })
  const { page } = ada
  await page.getByRole('button', { name: 'two', exact: true }).tap()
  const task = page.getByRole('complementary', { name: 'Task: two' })
  await task.getByRole('button', { name: 'Up' }).tap()
  await task.getByText('1 of 2 in To do').waitFor()
  await task.getByRole('button', { name: 'Next list' }).tap()
  await task.getByText('1 of 1 in Doing').waitFor()
  await task.getByRole('button', { name: 'Close' }).tap()
  await agree(server.origin, [ada])
  expect(await tasksOf(server.origin, 'doing')).toEqual(['two'])
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width)
})

test('a link opens the same board at the same task, and one that is gone is said to be', async () => {
  await using server = await serve()
  await change(server.origin, create('one'))
  await using ada = await open(server.origin, { query: '&task=one' })
  await ada.page.getByRole('complementary', { name: 'Task: one' }).waitFor()
  await ada.page.keyboard.press('Escape')
  expect(new URL(ada.page.url()).search).toBe('?board=b')
  await ada.page.getByRole('button', { name: 'one', exact: true }).click()
  expect(new URL(ada.page.url()).search).toBe('?board=b&task=one')
  await change(server.origin, { type: 'task_deleted', task: { id: 'one' } })
  await ada.page.getByText('There is no such task on this board.').waitFor()
})

test('a change is shown before anybody has answered it, and taken back where it is refused', async () => {
  await using server = await serve()
  await change(server.origin, create('one'))
  await using ada = await open(server.origin)
  const { page } = ada
  await page.route(/\/boards\/b\?/, (route) => route.abort())
  await page.getByRole('button', { name: 'one', exact: true }).click()
  await page.getByLabel('Task', { exact: true }).fill('renamed')
  await page.keyboard.press('Tab')
  await page.getByRole('button', { name: 'renamed … not confirmed yet' }).waitFor()
  await page.getByRole('alert').getByText('1 change waits and will be sent.').waitFor()
  await change(server.origin, { type: 'task_deleted', task: { id: 'one' } })
  await page.unroute(/\/boards\/b\?/)
  await page
    .getByRole('status')
    .getByText(/^Taken back: There is no task "one" on the board\./)
    .waitFor(AGREE)
  await agree(server.origin, [ada])
})

test('what somebody has changed since is not taken back', async () => {
  await using server = await serve()
  await change(server.origin, create('one'))
  await using ada = await open(server.origin)
  const { page } = ada
  await page.getByLabel('Done: one').check()
  await agree(server.origin, [ada])
  await change(server.origin, { type: 'task_updated', task: { id: 'one', done: false } })
  await page.getByRole('status').getByText('Eve marked “one” as not done.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('status').getByText('Not taken back: Eve has changed the same since.').waitFor()
})

test('says who is here and who writes, and that somebody has left', async () => {
  await using server = await serve()
  await using ada = await open(server.origin, { name: 'Ada' })
  const here = ada.page.getByRole('list', { name: 'Here now' })
  {
    await using bo = await open(server.origin, { name: 'Bo', query: '&by=short-poll' })
    await here.getByText('Bo').waitFor()
    await bo.page.getByLabel('New task in To do').pressSequentially('Draw')
    await here.getByText('writes').waitFor()
    await bo.page.getByLabel('You are').fill('Bob')
    await bo.page.keyboard.press('Tab')
    await here.getByText('Bob').waitFor(AGREE)
    await bo.page.goto('about:blank')
  }
  await here.getByText('Bob').waitFor({ state: 'detached', ...AGREE })
})

test.for(['ws', 'sse', 'long-poll', 'short-poll'] as const)('works by %s alone', async (by) => {
  await using server = await serve()
  await using ada = await open(server.origin, { query: `&by=${by}` })
  await change(server.origin, create('one'))
  await ada.page.getByLabel('Done: one').check()
  await agree(server.origin, [ada])
  expect(await snapshotOf(ada.page)).toMatchObject({ transport: by, isLive: true })
  expect((await boardOf(server.origin)).board.tasks).toMatchObject([{ done: true }])
})

test('comes down to SSE where WebSockets are refused, says why, and goes back when they are not', async () => {
  await using server = await serve({ conditions: { firewall: true } })
  await using ada = await open(server.origin)
  const { page } = ada
  await page.getByText('WebSocket was given up: the connection was cut').waitFor(AGREE)
  await page.locator('.chip[data-lane=sse]').getByText('live').waitFor(AGREE)
  await change(server.origin, create('one'))
  await agree(server.origin, [ada])
  await server.set({ conditions: { firewall: false } })
  await page.locator('.chip[data-lane=ws]').getByText('live').waitFor({ timeout: 60_000 })
  await change(server.origin, create('two'))
  await agree(server.origin, [ada])
}, 120_000)

test('comes down to polling where neither WebSocket nor SSE get through', async () => {
  await using server = await serve({ conditions: { firewall: true } })
  await using ada = await open(server.origin, { blocked: /\/sse\?/ })
  await ada.page.locator('.chip[data-lane=long-poll]').getByText('live').waitFor(AGREE)
  await ada.page.getByText('SSE was given up:').waitFor()
  await change(server.origin, create('one'))
  await agree(server.origin, [ada])
}, 60_000)

test('with --auth one is who has signed in', async () => {
  const password = 'a password for all'
  await using server = await serve({ auth: { password } })
  const context = await browser.newContext({ viewport: DESK })
  const page = await context.newPage()
  await page.goto(`${server.origin}/board?board=b`)
  await page.locator('[name=user]').fill('Ada')
  await page.locator('[name=password]').fill(password)
  await page.keyboard.press('Enter')
  await page.getByLabel('New task in To do').fill('Draw a map')
  await page.keyboard.press('Enter')
  await expect.poll(async () => (await snapshotOf(page)).confirmed?.tasks.length, AGREE).toBe(1)
  expect(await snapshotOf(page)).toMatchObject({ isLive: true, transport: 'ws', here: ['Ada'] })
  await context.close()
})

test('who is signed out in the middle loses no change: it waits until one has signed in again', async () => {
  const password = 'a password for all'
  await using server = await serve({ auth: { password } })
  const context = await browser.newContext({ viewport: DESK })
  const page = await context.newPage()
  await page.goto(`${server.origin}/board?board=b`)
  const signIn = async (on: Page) => {
    await on.locator('[name=user]').fill('Ada')
    await on.locator('[name=password]').fill(password)
    await on.keyboard.press('Enter')
  }
  await signIn(page)
  await page.getByLabel('New task in To do').waitFor()
  await context.clearCookies()
  await page.getByLabel('New task in To do').fill('Draw a map')
  await page.keyboard.press('Enter')
  const alert = page.getByRole('alert')
  await alert.getByText('1 change waits and will be sent.').waitFor()
  const opened = context.waitForEvent('page')
  await alert.getByRole('link', { name: 'Sign in' }).click()
  await signIn(await opened)
  await alert.waitFor({ state: 'detached' })
  await expect
    .poll(async () => (await snapshotOf(page)).confirmed?.tasks, AGREE)
    .toMatchObject([{ title: 'Draw a map' }])
  await context.close()
})

test('texts of others are text', async () => {
  await using server = await serve()
  await using ada = await open(server.origin)
  const texts = ['<img src=x onerror=alert(1)>', '</script><script>alert(1)</script>', '\u202egnp.exe', 'x'.repeat(200)]
  for (const [i, title] of texts.entries())
    await change(server.origin, { type: 'task_created', task: { id: `t${i}`, title, assignee: title.slice(0, 60) } })
  await agree(server.origin, [ada])
  expect(await ada.page.locator('.task .title').allTextContents()).toEqual(texts)
  expect(
    await ada.page
      .locator('.list')
      .first()
      .evaluate((list) => list.scrollWidth <= list.clientWidth),
  ).toBe(true)
  expect(ada.trouble).toEqual([])
})

describe('has nothing that axe finds wrong', () => {
  test.for([
    ['empty', '', { viewport: DESK, colorScheme: 'light' }],
    ['light, a task open', '&task=one', { viewport: DESK, colorScheme: 'light' }],
    ['dark, a task open', '&task=one', { viewport: DESK, colorScheme: 'dark' }],
    ['phone', '', { viewport: PHONE, hasTouch: true, colorScheme: 'dark' }],
  ] as const)('%s', async ([what, query, options]) => {
    await using server = await serve()
    if (what !== 'empty') await change(server.origin, create('one'))
    await using ada = await open(server.origin, { query, options })
    if (what !== 'empty') await ada.page.getByRole('button', { name: 'one', exact: true }).waitFor()
    const { violations } = await new AxeBuilder({ page: ada.page }).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
  })
})

test('pages that are cut and whose server is killed end up equal, and no task is lost', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'fourwire-board-'))
  await using server = await startProcess(folder.path)
  const { origin } = server
  await using ada = await open(origin, { name: 'Ada' })
  await using bo = await open(origin, { name: 'Bo', query: '&by=sse' })
  await using cy = await open(origin, { name: 'Cy', query: '&by=short-poll' })
  const pages = [ada, bo, cy]
  const added: string[] = []
  const add = async ({ page }: Opened, title: string) => {
    added.push(title)
    await page.getByLabel('New task in To do').fill(title)
    await page.keyboard.press('Enter')
  }
  const cut = (how: string) =>
    fetch(`${origin}/lab/cut`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ how }),
    })

  for (const [i, how] of ['FIN', 'RST'].entries()) {
    for (const [j, one] of pages.entries()) await add(one, `${i}-${j}`)
    expect((await cut(how)).ok).toBe(true)
    // All of them move the same task, to different lists.
    for (const [j, { page }] of pages.entries()) await move(page, '0-0', ['Doing', 'Done', 'To do'][j] ?? '')
  }
  await server.kill()
  for (const one of pages) await add(one, `while away ${added.length}`)
  await ada.page.getByRole('alert').getByText('1 change waits and will be sent.').waitFor(AGREE)
  await server.start()
  await agree(origin, pages)

  const { board } = await boardOf(origin)
  expect(board.tasks.map(({ title }) => title).toSorted()).toEqual(added.toSorted())
  expect(pages.map(({ trouble }) => trouble)).toEqual([[], [], []])
}, 180_000)

interface Opened extends AsyncDisposable {
  readonly page: Page
  /** Of the page's own making: what the network does to it is no fault of it. */
  readonly trouble: readonly string[]
}

interface OpenOptions {
  readonly name?: string
  readonly query?: string
  readonly options?: BrowserContextOptions
  readonly blocked?: RegExp
}

/** A page of somebody's own on the board `b`, once it has the board and who is here. */
async function open(
  origin: string,
  { name = 'Ada', query = '', options = {}, blocked }: OpenOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: DESK, ...options })
  await context.addInitScript((name) => localStorage.setItem('fourwire.name', name), name)
  const page = await context.newPage()
  const trouble: string[] = []
  page.on('pageerror', (error) => trouble.push(error.message))
  page.on('dialog', (dialog) => trouble.push(dialog.message()))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/net::|WebSocket connection|status of/.test(message.text()))
      trouble.push(message.text())
  })
  if (blocked) await page.route(blocked, (route) => route.abort())
  await page.goto(`${origin}/board?board=b${query}`)
  await page.waitForFunction(() => window.fourwireBoard?.snapshot().isLive, undefined, AGREE)
  return { page, trouble, [Symbol.asyncDispose]: () => context.close() }
}

const create = (id: string, list = 'todo'): Change => ({ type: 'task_created', task: { id, title: id, list } })

/** By somebody without a page. */
async function change(origin: string, wish: Change): Promise<void> {
  const send = () =>
    fetch(`${origin}/boards/b`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: 'Eve', ...wish }),
    })
  const response = await send().catch(send)
  if (!response.ok) throw new Error(await response.text())
  await response.arrayBuffer()
}

async function boardOf(origin: string): Promise<BoardAnswer> {
  const read = () => fetch(`${origin}/boards/b`)
  return (await read().catch(read)).json()
}

async function tasksOf(origin: string, list: string): Promise<string[]> {
  return (await boardOf(origin)).board.tasks.filter((task) => task.list === list).map(({ id }) => id)
}

const snapshotOf = (page: Page): Promise<BoardSnapshot> => page.evaluate(() => window.fourwireBoard.snapshot())

/** Nobody waits for anything any more, and all show what the server has. */
async function agree(origin: string, pages: readonly Opened[]): Promise<void> {
  for (const { page } of pages)
    await expect.poll(async () => (await snapshotOf(page)).unconfirmed.length, AGREE).toBe(0)
  const server = await boardOf(origin)
  for (const { page } of pages)
    await expect.poll(async () => (await snapshotOf(page)).board, AGREE).toEqual(server.board)
}

async function move(page: Page, title: string, list: string): Promise<void> {
  await page.locator('.task', { hasText: title }).click()
  await page.getByRole('complementary').getByLabel('List', { exact: true }).selectOption(list)
  await page.keyboard.press('Escape')
}
