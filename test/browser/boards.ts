/** Pages of the task board `b` in Chromium, what the server has of it, and somebody who has no page. */
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { expect } from 'vitest'
import type { BoardAnswer, Change } from '../../server/protocol.ts'
import type { BoardSnapshot } from '../../web/board/snapshot.ts'
import { DESK } from './opened.ts'

/** Until pages agree, on a machine that does other things as well. */
export const AGREE = { timeout: 30_000 }

export interface Opened extends AsyncDisposable {
  readonly page: Page
  /** Of the page's own making: what the network does to it is no fault of it. */
  readonly trouble: readonly string[]
}

export interface OpenOptions {
  readonly name?: string
  readonly query?: string
  readonly options?: BrowserContextOptions
  readonly blocked?: RegExp
}

/** A page of somebody's own on the board `b`, once it has the board and who is here. */
export async function openBoard(
  browser: Browser,
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

export const create = (id: string, list = 'todo'): Change => ({ type: 'task_created', task: { id, title: id, list } })

/** By somebody without a page. */
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

/** Nobody waits for anything any more, and all show what the server has. */
export async function agree(origin: string, pages: readonly Opened[]): Promise<void> {
  for (const { page } of pages)
    await expect.poll(async () => (await snapshotOf(page)).unconfirmed.length, AGREE).toBe(0)
  const server = await boardOf(origin)
  for (const { page } of pages)
    await expect.poll(async () => (await snapshotOf(page)).board, AGREE).toEqual(server.board)
}
