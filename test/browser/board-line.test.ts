/**
 * Checks the task board over a bad network: transports refused or cut, a person signed out, a server killed, and
 * people who come and leave.
 */
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProcess } from '../chaos/process.ts'
import { serve } from '../serve.ts'
import { AGREE, agree, boardOf, change, create, openBoard, snapshotOf } from './boards.ts'
import type { OpenOptions, OpenedBoard } from './boards.ts'
import { launch } from './chromium.ts'
import { DESK } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

const open = (origin: string, options: OpenOptions = {}) => openBoard(browser, origin, options)

test('the board shows a change before the server answers, and undoes the change if the server refuses it', async () => {
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
    .getByText(/^The change was refused: There is no task "one" on the board\./)
    .waitFor(AGREE)
  await agree(server.origin, [ada])
})

test('a board shows which people are present, which people are typing, and which people have left', async () => {
  await using server = await serve()
  await using ada = await open(server.origin, { name: 'Ada' })
  const here = ada.page.getByRole('list', { name: 'Here now' })
  {
    await using bo = await open(server.origin, { name: 'Bo', query: '&by=short-poll' })
    await here.getByText('Bo').waitFor()
    await bo.page.getByLabel('New task in To do').pressSequentially('Draw')
    await here.getByText('is typing').waitFor()
    await bo.page.getByLabel('Your name').fill('Bob')
    await bo.page.keyboard.press('Tab')
    await here.getByText('Bob').waitFor(AGREE)
    await bo.page.goto('about:blank')
  }
  await here.getByText('Bob').waitFor({ state: 'detached', ...AGREE })
})

test.for(['ws', 'sse', 'long-poll', 'short-poll'] as const)('a board works over %s alone', async (by) => {
  await using server = await serve()
  await using ada = await open(server.origin, { query: `&by=${by}` })
  await change(server.origin, create('one'))
  await ada.page.getByLabel('Done: one').check()
  await agree(server.origin, [ada])
  expect(await snapshotOf(ada.page)).toMatchObject({ transport: by, isLive: true })
  expect((await boardOf(server.origin)).board.tasks).toMatchObject([{ done: true }])
})

test('if WebSockets are refused, a board falls back to SSE and shows the reason, and later it returns to WebSocket', async () => {
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

test('a board falls back to polling if neither WebSocket nor SSE gets through', async () => {
  await using server = await serve({ conditions: { firewall: true } })
  await using ada = await open(server.origin, { blocked: /\/sse\?/ })
  await ada.page.locator('.chip[data-lane=long-poll]').getByText('live').waitFor(AGREE)
  await ada.page.getByText('SSE was given up:').waitFor()
  await change(server.origin, create('one'))
  await agree(server.origin, [ada])
}, 60_000)

test('with --auth, the board shows the name of the signed-in person', async () => {
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

test('after a sign-out, the board keeps an unsaved change until the person has signed in again', async () => {
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
  await page.evaluate(async () => void (await fetch('/session', { method: 'DELETE' })))
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

test('after cuts and a kill of the server, all pages show the same board and no task is lost', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'fourwire-board-'))
  await using server = await startProcess('--data', folder.path)
  const { origin } = server
  await using ada = await open(origin, { name: 'Ada' })
  await using bo = await open(origin, { name: 'Bo', query: '&by=sse' })
  await using cy = await open(origin, { name: 'Cy', query: '&by=short-poll' })
  const pages = [ada, bo, cy]
  const added: string[] = []
  const add = async ({ page }: OpenedBoard, title: string) => {
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
    // All pages move the same task, to different lists.
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

async function move(page: Page, title: string, list: string): Promise<void> {
  await page.locator('.task', { hasText: title }).click()
  await page.getByRole('complementary').getByLabel('List', { exact: true }).selectOption(list)
  await page.keyboard.press('Escape')
}
