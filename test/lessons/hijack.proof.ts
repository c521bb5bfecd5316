/** Attack of lesson 12 in a real browser: a page of another origin opens a WebSocket as somebody else. */
import { join } from 'node:path'
import type { Page } from 'playwright'
import { expect, test } from 'vitest'
import { exercisesOf } from '../../lessons/kit/course.ts'
import type { Exercise } from '../../lessons/kit/exercise.ts'
import { startProgram } from '../../lessons/kit/program.ts'
import { launch } from '../browser/chromium.ts'
import { lessonOf } from './program.ts'

const lesson = lessonOf('12')

/** Returns the three results that the stranger\u2019s page shows. */
async function shownOn(page: Page): Promise<readonly (string | null)[]> {
  await page.waitForFunction('[...document.querySelectorAll("dd")].every((dd) => dd.textContent !== "\u2026")')
  return page.locator('dd').allTextContents()
}

test.each([
  ['start', 'localhost', /^read: .*"user":"Ada"/],
  ['start', '127.0.0.1', /^read: \{"type":"connected","message":"WebSocket connected"\}$/],
  ['solution', 'localhost', /^refused, closed with 1006$/],
])(
  'in the %s of lesson 12, a page of another server at http://%s gets from the chat\u2019s WebSocket: %s',
  async (folder, host, socket) => {
    const [exercise] = await exercisesOf(lesson)
    if (!exercise?.companion) throw new Error('Lesson 12 has no companion.')
    const companion: Exercise = { name: exercise.companion, hosted: { kind: 'server' }, checks: [] }
    await using chat = await startProgram(join(lesson.folder, folder), exercise)
    await using stranger = await startProgram(lesson.folder, companion)
    const browser = await launch()
    try {
      const context = await browser.newContext()
      const own = await context.newPage()
      await own.goto(`http://localhost:${chat.port}/`)
      await own.getByRole('button', { name: 'Log in as Ada' }).click()
      await own.waitForLoadState()
      const others = await context.newPage()
      await others.goto(`http://${host}:${stranger.port}/?chat=localhost:${chat.port}`)
      const [read, ticket, opened] = await shownOn(others)
      expect([read, ticket]).toEqual(
        Array(2).fill('the browser sent the request, but the page may not read the response'),
      )
      expect(opened).toMatch(socket)
    } finally {
      await browser.close()
    }
  },
)
