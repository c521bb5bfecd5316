/** The pages that use what a lesson builds, in a browser and with the lesson's solution. */
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exercisesOf, lessonOf, pageOf } from '../../lessons/kit/course.ts'
import { startProgram } from '../../lessons/kit/program.ts'
import type { Program, ProgramOptions } from '../../lessons/kit/program.ts'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { open } from './opened.ts'

let browser: Browser
beforeAll(async () => void (browser = await launch()), 90_000)
afterAll(() => browser.close())

/** Starts the server of a lesson's solution, with the lesson's page. */
async function solutionOf(number: string, options: ProgramOptions = {}): Promise<Program & { origin: string }> {
  const lesson = lessonOf(number)
  const exercise = (await exercisesOf(lesson)).find(({ hosted: { kind } }) => kind === 'server' || kind === 'transport')
  if (!exercise) throw new Error(`${lesson.name} has no server.`)
  const program = await startProgram(`${lesson.folder}/solution`, exercise, { page: pageOf(lesson), ...options })
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

/** Opens the page of a lesson, which shows the messages of the room lobby. */
async function pageOn(number: string) {
  const sandbox = await serve()
  await sandbox.publish('before')
  const own = await solutionOf(number, { follows: sandbox.origin })
  const opened = await open(browser, own, '/page')
  const shown = () => opened.page.getByRole('listitem').allTextContents()
  return {
    ...opened,
    sandbox,
    shown,
    stop: () => own.stop(),
    async [Symbol.asyncDispose]() {
      await opened.context.close()
      await own.stop()
      await sandbox.close()
    },
  }
}

/** Messages of the console about a missing icon, and about connections that the test has cut, are no trouble. */
const isTrouble = (text: string): boolean => !/favicon|404|ERR_|Failed to load resource|WebSocket connection/.test(text)

test('lesson 3: the page runs the student’s own client, survives a restart of the server, and stops', async () => {
  await using lesson = await pageOn('3')
  await expect.poll(lesson.shown).toEqual(['Ada: before'])
  for (const text of ['one', 'two', '<b>three</b>']) await lesson.sandbox.publish(text)
  await expect.poll(lesson.shown).toEqual(['Ada: before', 'Ada: one', 'Ada: two', 'Ada: <b>three</b>'])
  const port = Number(new URL(lesson.page.url()).port)
  await lesson.stop()
  await lesson.page.waitForEvent('requestfailed')
  await lesson.sandbox.publish('while the server was gone')
  await using restarted = await solutionOf('3', { follows: lesson.sandbox.origin, port })
  expect(restarted.port).toBe(port)
  await expect.poll(async () => (await lesson.shown()).at(-1)).toBe('Ada: while the server was gone')
  await lesson.page.getByRole('button', { name: 'Stop' }).click()
  let requests = 0
  lesson.page.on('request', () => (requests += 1))
  await lesson.page.waitForTimeout(2500)
  expect(requests).toBe(0)
  expect(lesson.trouble.filter(isTrouble)).toEqual([])
})

test('lesson 4: the page polls in a loop, shows each message once, and reports that the server is gone', async () => {
  await using lesson = await pageOn('4')
  await expect.poll(lesson.shown).toEqual(['Ada: before'])
  for (const text of ['one', 'two', '<b>three</b>']) await lesson.sandbox.publish(text)
  await expect.poll(lesson.shown).toEqual(['Ada: before', 'Ada: one', 'Ada: two', 'Ada: <b>three</b>'])
  await lesson.stop()
  await lesson.page.getByText('The page asks again in two seconds.').waitFor()
  expect(lesson.trouble.filter(isTrouble)).toEqual([])
})

test('lesson 6: the page gets each message from the EventSource, and the browser tries again when the server is gone', async () => {
  await using lesson = await pageOn('6')
  await lesson.page.getByText('The stream is open.').waitFor()
  for (const text of ['one', '<b>two</b>']) await lesson.sandbox.publish(text)
  await expect.poll(lesson.shown).toEqual(['Ada: one', 'Ada: <b>two</b>'])
  await lesson.stop()
  await lesson.page.getByText('The browser connects again by itself.').waitFor()
  expect(lesson.trouble.filter(isTrouble)).toEqual([])
})

test('lesson 7: after a restart of the server, the student’s own client continues like the browser’s EventSource', async () => {
  await using lesson = await pageOn('7')
  const { page, sandbox } = lesson
  const lists = async () => [
    await page.locator('#yours li').allTextContents(),
    await page.locator('#browsers li').allTextContents(),
  ]
  // The streams begin at the end of the room, so a message has to arrive before the others count.
  await expect
    .poll(async () => {
      await sandbox.publish('tick')
      return (await lists()).every(({ length }) => length > 0)
    })
    .toBe(true)
  const port = Number(new URL(page.url()).port)
  await lesson.stop()
  await sandbox.publish('while the server was gone')
  await using restarted = await solutionOf('7', { follows: sandbox.origin, port })
  expect(restarted.port).toBe(port)
  await expect
    .poll(async () => (await lists()).map((list) => list.at(-1)), { timeout: 15_000 })
    .toEqual(['Ada: while the server was gone', 'Ada: while the server was gone'])
  const [yours = []] = await lists()
  expect(yours.filter((text) => text.includes('gone'))).toHaveLength(1)
  await page.getByRole('button', { name: 'Stop' }).click()
  await sandbox.publish('after the stop')
  await expect.poll(async () => (await lists())[1]?.at(-1)).toBe('Ada: after the stop')
  expect((await lists())[0]).toEqual(yours)
  expect(lesson.trouble.filter(isTrouble)).toEqual([])
})

test('lesson 10: the page sends and receives over one WebSocket, and does not reconnect when the server is gone', async () => {
  await using lesson = await pageOn('10')
  await lesson.page.getByText('connected').waitFor()
  await lesson.sandbox.publish('one')
  await expect.poll(lesson.shown).toEqual(['Ada: one'])
  await lesson.page.getByLabel('Your message').fill('<b>two</b>')
  await lesson.page.keyboard.press('Enter')
  await expect.poll(lesson.shown).toEqual(['Ada: one', 'Ada: <b>two</b>'])
  await lesson.stop()
  await lesson.page.getByText('Closed with 1006.').waitFor()
  expect(lesson.trouble.filter(isTrouble)).toEqual([])
})

test('lesson 5: the page gets a text with several lines unchanged through the stream', async () => {
  await using lesson = await pageOn('5')
  await lesson.page.getByLabel('Your text').fill(' <b>one</b>\n\ntwo')
  await lesson.page.getByRole('button').click()
  await expect.poll(lesson.shown).toEqual(['" <b>one</b>\\n\\ntwo" is what was sent'])
})

test('lesson 8: the page shows the messages, and does not connect again after the end of a recording', async () => {
  await using lesson = await pageOn('8')
  await lesson.page.getByText('The stream is open.').waitFor()
  const { id } = await lesson.sandbox.publish('one')
  await expect.poll(lesson.shown).toEqual(['Ada: one'])
  await lesson.page.goto(`${lesson.page.url()}?after=0&until=${id}`)
  await lesson.page.getByText('The browser does not connect again.').waitFor()
  expect(await lesson.shown()).toEqual(['Ada: before', 'Ada: one'])
})

test('lesson 11: the page joins a room, and shows who joins, who types, and what everybody sends', async () => {
  await using lesson = await pageOn('11')
  const other = await lesson.context.newPage()
  await other.goto(lesson.page.url())
  await expect.poll(lesson.shown).toEqual(['Guest 2 has joined.'])
  await other.getByLabel('Your message').pressSequentially('<i>hi</i>')
  await lesson.page.getByText('Guest 2 is typing.').waitFor()
  await other.keyboard.press('Enter')
  await expect.poll(lesson.shown).toEqual(['Guest 2 has joined.', 'Guest 2: <i>hi</i>'])
})

test('lesson 13: the page runs both programs of the student, and misses nothing while the server restarts', async () => {
  await using lesson = await pageOn('13')
  await expect
    .poll(async () => {
      await lesson.sandbox.publish('tick')
      return (await lesson.shown()).length
    })
    .toBeGreaterThan(0)
  const port = Number(new URL(lesson.page.url()).port)
  await lesson.stop()
  await lesson.sandbox.publish('while the server was gone')
  await using restarted = await solutionOf('13', { follows: lesson.sandbox.origin, port })
  expect(restarted.port).toBe(port)
  await expect
    .poll(async () => (await lesson.shown()).at(-1), { timeout: 30_000 })
    .toBe('Ada: while the server was gone')
})
