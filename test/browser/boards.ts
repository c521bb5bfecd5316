/** Opens pages of the task board `b` in Chromium, reads the board at the server, and changes it without a page. */
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { expect } from 'vitest'
import type { Change } from '../../server/protocol/board.ts'
import type { BoardAnswer } from '../../server/protocol/board-answer.ts'
import type { BoardSnapshot } from '../../web/board/snapshot.ts'
import { DESK } from './opened.ts'

/** Time until all pages agree, on a busy machine. */
export const AGREE = { timeout: 30_000 }

export interface OpenedBoard extends AsyncDisposable {
  readonly page: Page
  /** Errors that the page itself causes. Failures of the network are not included. */
  readonly trouble: readonly string[]
}

export interface OpenOptions {
  readonly name?: string
  readonly query?: string
  readonly options?: BrowserContextOptions
  readonly blocked?: RegExp
}

/** Opens a page on the board `b` in a separate context, and waits until the board is live. */
export async function openBoard(
  browser: Browser,
  origin: string,
  { name = 'Ada', query = '', options = {}, blocked }: OpenOptions = {},
): Promise<OpenedBoard> {
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

export const create = (id: string, list = 'todo'): Change => ({ type: 'task_created', task: { id, title: id, list } })

/** Changes the board as a person without a page. */
export async function change(origin: string, wish: Change): Promise<void> {
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

export async function boardOf(origin: string): Promise<BoardAnswer> {
  const read = () => fetch(`${origin}/boards/b`)
  return (await read().catch(read)).json()
}

export async function tasksOf(origin: string, list: string): Promise<string[]> {
  return (await boardOf(origin)).board.tasks.filter((task) => task.list === list).map(({ id }) => id)
}

export const snapshotOf = (page: Page): Promise<BoardSnapshot> => page.evaluate(() => window.fourwireBoard.snapshot())

/** Waits until no change is unconfirmed and every page shows the board of the server. */
export async function agree(origin: string, pages: readonly OpenedBoard[]): Promise<void> {
  for (const { page } of pages)
    await expect.poll(async () => (await snapshotOf(page)).unconfirmed.length, AGREE).toBe(0)
  const server = await boardOf(origin)
  for (const { page } of pages)
    await expect.poll(async () => (await snapshotOf(page)).board, AGREE).toEqual(server.board)
}
