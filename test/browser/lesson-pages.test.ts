/** The pages that use what a lesson builds, in a browser and with the lesson's solution. */
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exercisesOf, lessonOf } from '../../lessons/kit/course.ts'
import { startProgram } from '../../lessons/kit/program.ts'
import type { Program, ProgramOptions } from '../../lessons/kit/program.ts'
import { launch } from './chromium.ts'
import { open } from './opened.ts'

let browser: Browser
beforeAll(async () => void (browser = await launch()), 90_000)
afterAll(() => browser.close())

/** Starts the solution of a lesson's first exercise. */
async function solutionOf(number: string, options: ProgramOptions = {}): Promise<Program & { origin: string }> {
  const lesson = lessonOf(number)
  const [exercise] = await exercisesOf(lesson)
  if (!exercise) throw new Error(`${lesson.name} has no exercise.`)
  const program = await startProgram(`${lesson.folder}/solution`, exercise, options)
  return { ...program, origin: `http://localhost:${program.port}` }
}

test('lesson 0: each page of the chat shows each message as text, whoever has sent it', async () => {
  await using chat = await solutionOf('0')
  await using ada = await open(browser, chat)
  await using bob = await open(browser, chat)
  await ada.page.getByLabel('Your name').fill('Ada')
  await ada.page.getByLabel('Your message').fill('<b>hello</b>')
  await ada.page.keyboard.press('Enter')
  await bob.page.getByText('<b>hello</b>').waitFor()
  await bob.page.getByLabel('Your name').fill('Bob')
  await bob.page.getByLabel('Your message').fill('hello Ada')
  await bob.page.keyboard.press('Enter')
  for (const { page, trouble } of [ada, bob]) {
    await page.getByText('hello Ada').waitFor()
    expect(await page.getByRole('listitem').allTextContents()).toEqual(['Ada: <b>hello</b>', 'Bob: hello Ada'])
    expect(trouble.filter((one) => !one.includes('favicon'))).toEqual([])
  }
})
