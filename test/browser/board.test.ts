/** Checks the task board in two pages at once: changes of tasks and lists by mouse, keyboard and touch. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { until } from '../until.ts'
import { agree, boardOf, change, create, openBoard, tasksOf } from './boards.ts'
import type { OpenOptions } from './boards.ts'
import { launch } from './chromium.ts'
import { DESK, PHONE } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

const open = (origin: string, options: OpenOptions = {}) => openBoard(browser, origin, options)

test('a second page shows each change that the first page makes: add, rename, assign, tick, move, delete, undo', async () => {
  await using server = await serve()
  await using ada = await open(server.origin, { name: 'Ada' })
  await using bo = await open(server.origin, { name: 'Bo' })
  await bo.page.getByText('This board is empty.').waitFor()

  await ada.page.getByLabel('New task in To do').fill('Draw a map')
  await ada.page.keyboard.press('Enter')
  await bo.page.getByRole('button', { name: 'Draw a map' }).waitFor()
  await bo.page.getByRole('status').getByText('Ada added “Draw a map” to “To do”.').waitFor()

  await bo.page.getByRole('button', { name: 'Draw a map' }).click()
  const task = bo.page.getByRole('complementary')
  await task.getByLabel('Task', { exact: true }).fill('Draw two maps')
  await task.getByLabel('Assigned to').fill('Cy')
  await task.getByRole('button', { name: 'Done' }).click()
  await task.getByLabel('List', { exact: true }).selectOption('Doing')
  await agree(server.origin, [ada, bo])
  expect((await boardOf(server.origin)).board.tasks).toMatchObject([
    { title: 'Draw two maps', assignee: 'Cy', done: true, list: 'doing' },
  ])
  await ada.page.locator('[data-list=doing]').getByRole('button', { name: 'Draw two maps Cy' }).waitFor()

  await task.getByRole('button', { name: 'Delete' }).click()
  await ada.page.getByText('This board is empty.').waitFor()
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
  await ada.page.getByText('This board is empty.').waitFor()
  await bo.page.keyboard.press('ControlOrMeta+Z')
  await agree(server.origin, [ada, bo])
  expect((await boardOf(server.origin)).board.tasks).toMatchObject([{ title: 'Draw two maps' }])
  expect([ada.trouble, bo.trouble]).toEqual([[], []])
})

test('a person can add, rename and delete a list', async () => {
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

test('an arrow button moves a list and keeps the focus, and undo puts a deleted list back in its place', async () => {
  await using server = await serve()
  await using ada = await open(server.origin)
  await using bo = await open(server.origin)
  const titles = async () => (await boardOf(server.origin)).board.lists.map(({ title }) => title).join()
  const isOrder = (order: string) =>
    until(`the lists are in the order ${order}`, async () => (await titles()) === order)

  await bo.page.getByRole('button', { name: 'Move the list Done one place earlier' }).focus()
  await bo.page.keyboard.press('Enter')
  await isOrder('To do,Done,Doing')
  await bo.page.keyboard.press('Enter')
  await isOrder('Done,To do,Doing')
  await agree(server.origin, [ada, bo])
  // At an edge only the button for the way back remains.
  await bo.page.keyboard.press('Enter')
  await isOrder('To do,Done,Doing')

  await ada.page.getByRole('button', { name: 'Delete the list Done' }).click()
  await isOrder('To do,Doing')
  await ada.page.getByRole('button', { name: 'Undo' }).click()
  await isOrder('To do,Done,Doing')
  await agree(server.origin, [ada, bo])
})

test('a person can move a task with the keyboard, and the page announces each step', async () => {
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
  await said(/^The task cannot be moved further in this direction: 1 of 1 in Doing\.$/)
  // No other page sees the move before the task is put down.
  expect((await boardOf(server.origin)).board.tasks.map(({ list }) => list)).toEqual(['todo', 'todo', 'todo'])
  await page.keyboard.press('Escape')
  await said(/^The task is back at its old place\.$/)
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

test('a person can drag a task and drop it in another place', async () => {
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

test('on a phone, buttons move a task, and no element is wider than the screen', async () => {
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

test('a link opens the board at the linked task, and the page says so if that task was deleted', async () => {
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

test('the page refuses to undo a change if somebody else has changed the same field since then', async () => {
  await using server = await serve()
  await change(server.origin, create('one'))
  await using ada = await open(server.origin)
  const { page } = ada
  await page.getByLabel('Done: one').check()
  await agree(server.origin, [ada])
  await change(server.origin, { type: 'task_updated', task: { id: 'one', done: false } })
  await page.getByRole('status').getByText('Eve marked “one” as not done.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page
    .getByRole('status')
    .getByText('Undo is not possible: Eve has changed the same task or list since.')
    .waitFor()
})

test('the board shows markup in texts of other people as text', async () => {
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

describe('axe finds no violation on the board', () => {
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
