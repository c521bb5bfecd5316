/** The pages of a show: the stage, the presenter's page and the remote, with a real server. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Scene, ShowState } from '../../server/protocol/show.ts'
import { enter } from '../server/show/guest.ts'
import { serve } from '../serve.ts'
import type { Served, ServeOptions } from '../serve.ts'
import { launch } from './chromium.ts'
import { open, setHidden } from './opened.ts'

const PROJECTOR = { viewport: { width: 1280, height: 720 } }
const ADDRESS = 'http://192.168.1.20:3000/join'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

const serving = (options: ServeOptions = {}): Promise<Served> => serve({ joinAddresses: () => [ADDRESS], ...options })

/** Waits until the stage draws this step. */
async function at(page: Page, scene: string, step: string): Promise<void> {
  await page.waitForFunction(
    ([id, name]) => {
      const state: ShowState | null = Reflect.get(document.querySelector('fw-stage') ?? {}, 'show')?.state ?? null
      return state?.scene === id && state.step === name && document.querySelector(`.stage[data-step=${name}]`) !== null
    },
    [scene, step] as const,
  )
}

/** What the stage shows, without the parts that the time changes. */
function picture(page: Page): Promise<string> {
  return page.locator('.stage').evaluate((stage) => {
    const paths = Array.from(stage.querySelectorAll('.prediction path, .answers path, .rows path'), (path) =>
      path.getAttribute('d'),
    )
    return [stage.textContent?.replace(/\s+/g, ' ').replace(/(?:\d+ s|\d:\d\d) left/, ''), ...paths].join('\n')
  })
}

/** A class of four phones, each of which has voted. */
async function classOf(origin: string, votes: readonly number[], scene: string) {
  const transports: readonly TransportName[] = ['short-poll', 'long-poll', 'sse', 'ws']
  const guests = await Promise.all(
    votes.map(async (answer, i) => {
      const guest = await enter(origin)
      guest.say({ say: 'sit', key: `a-phone-of-seat-${i}`, name: '' })
      await guest.next('seat')
      guest.say({ say: 'vote', scene, answer })
      const transport = transports[i % 4] ?? 'ws'
      const report = { transport, p50Ms: 10 + i, n: 20, boundMs: 3, lost: 0, doubled: 0 }
      guest.say({ say: 'report', report })
      return guest
    }),
  )
  return { [Symbol.asyncDispose]: async () => void (await Promise.all(guests.map((guest) => guest.leave()))), guests }
}

/** Waits until the stage has sent the server the figures of this number of lanes. */
async function hasMeasured(origin: string, lanes: number): Promise<void> {
  const instructor = await enter(origin)
  const measured = (): number => {
    instructor.say({ say: 'follow', seats: false })
    return instructor.state()?.measured.filter(({ n }) => n > 0).length ?? 0
  }
  await expect.poll(measured, { interval: 500, timeout: 30_000 }).toBe(lanes)
  await instructor.leave()
}

test('the keys of a clicker move the show, and a reload shows the same picture at every step', async () => {
  await using server = await serving()
  await using stage = await open(browser, server, '/stage', PROJECTOR)
  const { page, trouble } = stage
  await at(page, 'join', 'predict')
  await page.keyboard.press('PageDown')
  await at(page, 'news', 'predict')
  await using phones = await classOf(server.origin, [2, 2, 3, 1], 'news')
  await page.getByText('4 of 4 phones have voted').waitFor()
  expect(phones.guests).toHaveLength(4)
  for (const [key, step] of [
    ['', 'predict'],
    ['ArrowRight', 'closed'],
    [' ', 'run'],
    ['PageDown', 'explain'],
  ] as const) {
    if (key !== '') await page.keyboard.press(key)
    await at(page, 'news', step)
    // In the run, the page that measures shows more from second to second.
    if (step === 'run') await hasMeasured(server.origin, 1)
    const before = step === 'run' ? '' : await picture(page)
    await page.reload()
    await at(page, 'news', step)
    if (step !== 'run') await expect.poll(() => picture(page)).toBe(before)
    else await page.getByText('measured:').waitFor()
    // The page that was reloaded drives no longer, so the next key asks.
    if (step !== 'explain') await takeOver(page)
  }
  expect(await page.locator('.tick .alarm').count()).toBeLessThanOrEqual(1)
  expect(await page.locator('.marks').count()).toBe(1)
  await page.keyboard.press('PageUp')
  await page.keyboard.press('Enter')
  await at(page, 'news', 'run')
  expect(trouble).toEqual([])
})

/** Makes this page the driver again, by a key that changes nothing else. */
async function takeOver(page: Page): Promise<void> {
  for (const isBlank of [true, false]) {
    await page.keyboard.press('b')
    const done = page.locator(isBlank ? '.stage.blank' : '.stage:not(.blank)')
    const question = page.getByText('Take over?')
    await done.or(question).first().waitFor()
    if (await question.isVisible()) await page.keyboard.press('Enter')
    await done.waitFor()
  }
}

test('a second page that wants to move the show is asked, and takes over only with Enter', async () => {
  await using server = await serving()
  await using stage = await open(browser, server, '/stage', PROJECTOR)
  await using second = await open(browser, server, '/stage', PROJECTOR)
  await at(stage.page, 'join', 'predict')
  await stage.page.keyboard.press('1')
  await at(second.page, 'news', 'predict')
  await second.page.keyboard.press('PageDown')
  await second.page.getByText('Another page drives the show. Take over?').waitFor()
  await second.page.keyboard.press('Escape')
  await second.page.getByText('Take over?').waitFor({ state: 'detached' })
  await at(stage.page, 'news', 'predict')
  await second.page.keyboard.press('PageDown')
  await second.page.getByText('Take over?').waitFor()
  await second.page.keyboard.press('Enter')
  await at(stage.page, 'news', 'closed')
  await stage.page.keyboard.press('PageDown')
  await stage.page.getByText('Take over?').waitFor()
})

test('the stage goes on through a restart of the server in a running scene', async () => {
  await using server = await serving()
  await using stage = await open(browser, server, '/stage', PROJECTOR)
  const { page } = stage
  await at(page, 'join', 'predict')
  for (const step of ['predict', 'closed', 'run'] as const) {
    await page.keyboard.press('PageDown')
    await at(page, 'news', step)
  }
  expect((await fetch(`${server.origin}/lab/restart`, { method: 'POST' })).ok).toBe(true)
  await page.getByText(/[1-9]\d* messages/).waitFor({ timeout: 30_000 })
  await at(page, 'news', 'run')
  await page.keyboard.press('PageDown')
  await at(page, 'news', 'explain')
})

test('a saved class draws the same pictures after the server is gone, and no page asks another host', async () => {
  await using server = await serving()
  await using stage = await open(browser, server, '/stage', PROJECTOR)
  const { page } = stage
  await at(page, 'join', 'predict')
  await page.keyboard.press('5')
  await at(page, 'firewall', 'predict')
  const phones = await classOf(server.origin, [2, 2, 3, 1], 'firewall')
  await page.getByText('4 of 4 phones have voted').waitFor()
  for (const step of ['closed', 'run'] as const) {
    await page.keyboard.press('PageDown')
    await at(page, 'firewall', step)
  }
  // The figures begin when the lanes have come back through the new network.
  await hasMeasured(server.origin, 3)
  await page.keyboard.press('PageDown')
  await at(page, 'firewall', 'explain')
  expect(await page.locator('.answers .alarm').innerText()).toBe('WebSocket')
  const figures = await page.locator('.figure').allInnerTexts()
  const answers = await page.locator('.answers').innerText()

  await using replay = await open(browser, server, '/stage?play', PROJECTOR)
  const saved = await (await fetch(`${server.origin}/stage/session.json`)).text()
  await replay.page.locator('#file').waitFor()
  await phones[Symbol.asyncDispose]()
  await server.close()
  await replay.page
    .locator('#file')
    .setInputFiles({ name: 'class-1.json', mimeType: 'application/json', buffer: Buffer.from(saved) })
  await replay.page.locator('.stage[data-step=predict]').waitFor()
  for (let i = 0; i < 3; i++) await replay.page.keyboard.press('PageDown')
  await at(replay.page, 'firewall', 'explain')
  expect(await replay.page.locator('.figure').allInnerTexts()).toEqual(figures)
  expect(await replay.page.locator('.answers').innerText()).toBe(answers)
  await replay.page.getByText('A recording').waitFor()
  const hosts = [...stage.requests, ...replay.requests].map((request) => new URL(request.url()).host)
  expect([...new Set(hosts)]).toEqual([new URL(server.origin).host])
})

test('a file that is no saved class is named, with what to do', async () => {
  await using server = await serving()
  await using replay = await open(browser, server, '/stage?play=/health', PROJECTOR)
  await replay.page.getByText('“/health” is not the session of a class').waitFor()
})

test(
  'no text of any scene is smaller than 24 px at 1280×720, cut by the screen, or against axe',
  { timeout: 180_000 },
  async () => {
    await using server = await serving()
    await using stage = await open(browser, server, '/stage', PROJECTOR)
    const { page } = stage
    await at(page, 'join', 'predict')
    const scenes: readonly Scene[] = await page.evaluate(
      () => Reflect.get(document.querySelector('fw-stage') ?? {}, 'show').scenes,
    )
    const seen = new Set<Scene['view']>()
    for (const scene of scenes) {
      for (const step of scene.view === 'join' ? ['predict'] : ['predict', 'run', 'explain']) {
        await page.evaluate(
          ([id, name]) =>
            Reflect.get(document.querySelector('fw-stage') ?? {}, 'show').say({ say: 'go', scene: id, step: name }),
          [scene.id, step] as const,
        )
        await at(page, scene.id, step)
        expect(await smallOrCut(page), `${scene.id} ${step}`).toEqual([])
      }
      // Each kind of picture is enough, because the checks take some seconds.
      if (!seen.has(scene.view)) {
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(violations.map(({ id, nodes }) => `${scene.id}: ${id}: ${nodes[0]?.html}`)).toEqual([])
      }
      seen.add(scene.view)
    }
  },
)

function smallOrCut(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found: string[] = []
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? ''
      const parent = node.parentElement
      const range = document.createRange()
      range.selectNodeContents(node)
      const { width, left, right, top, bottom } = range.getBoundingClientRect()
      // The inspector shows as many lines as fit. Its text is magnified by `zoom`, which the computed size leaves out.
      if (text === '' || width < 2 || !parent || parent.closest('.vh, .exchanges .inspector')) continue
      const px = Number.parseFloat(getComputedStyle(parent).fontSize)
      if (px < 24 || left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) found.push(`${px} ${text}`)
    }
    return found
  })
}

test('a page without the right draws the stage, and says what to do', async () => {
  await using server = await serving({ isShared: true, token: 'the-token-of-the-instructor' })
  await using guest = await open(browser, server, '/stage', PROJECTOR)
  await at(guest.page, 'join', 'predict')
  await guest.page.keyboard.press('PageDown')
  await guest.page.getByText('Only the instructor moves the show').waitFor()
  await using remote = await open(browser, server, '/remote')
  await remote.page.getByText('Only the instructor moves the show').waitFor()
  await using stage = await open(browser, server, '/stage#token=the-token-of-the-instructor', PROJECTOR)
  await at(stage.page, 'join', 'predict')
  expect(stage.page.url()).not.toContain('token')
  await stage.page.keyboard.press('PageDown')
  await at(guest.page, 'news', 'predict')
})

test('the table, the help and the blank stage open and close by keys, and a screen reader gets the step', async () => {
  await using server = await serving()
  await using stage = await open(browser, server, '/stage', PROJECTOR)
  const { page } = stage
  await at(page, 'join', 'predict')
  await page.keyboard.press('1')
  await at(page, 'news', 'predict')
  const status = page.locator('.vh[role=status]')
  expect(await status.innerText()).toBe('Scene 1, How old is the news?. Predict.')
  await page.keyboard.press('t')
  await page.getByRole('table', { name: 'Lanes of this scene' }).waitFor()
  await page.keyboard.press('Escape')
  await page.locator('.tables').waitFor({ state: 'detached' })
  await page.keyboard.press('?')
  await page.getByText('PageDown, →, space').waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('.')
  await page.locator('.stage.blank').waitFor()
  expect(await page.locator('.stage').innerText()).toBe('')
  expect(await status.innerText()).toBe('The stage is blank.')
  await page.keyboard.press('b')
  await page.locator('.stage:not(.blank)').waitFor()
})

test("the presenter's page and the remote move the show, and the presenter sees votes, hands and seats", async () => {
  await using server = await serving()
  await using stage = await open(browser, server, '/stage', PROJECTOR)
  await at(stage.page, 'join', 'predict')
  await using presenter = await open(browser, server, '/presenter', { viewport: { width: 1280, height: 800 } })
  const desk = presenter.page
  await desk.getByRole('button', { name: 'Next scene: How old is the news?' }).click()
  await at(stage.page, 'news', 'predict')
  await using phones = await classOf(server.origin, [2, 2], 'news')
  await desk.getByText('2 of 2 phones have voted. Only this page shows the votes.').waitFor()
  await desk.getByLabel('Hands for “5 s”').fill('4')
  await desk.getByLabel('Hands for “5 s”').press('Tab')
  await desk.getByText('2 of 2 phones · 4 hands have voted').waitFor()
  expect(await desk.locator('.notes li').count()).toBeGreaterThan(1)
  await desk.getByRole('button', { name: 'Remove seat 2' }).click()
  await desk.getByText('1 of 1 seats are here').waitFor()
  expect(phones.guests[1]?.told('removed')).toHaveLength(1)
  await desk.getByRole('button', { name: 'Names on the stage' }).click()
  await desk.getByRole('button', { name: 'Names on the stage', pressed: true }).waitFor()
  const { violations } = await new AxeBuilder({ page: desk }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])

  await using remote = await open(browser, server, '/remote', { viewport: { width: 390, height: 844 }, hasTouch: true })
  const phone = remote.page
  await phone.getByRole('button', { name: 'Close the votes' }).tap()
  await phone.getByRole('button', { name: 'Take over (Enter)' }).tap()
  await at(stage.page, 'news', 'closed')
  await phone.getByRole('button', { name: 'Back' }).tap()
  await at(stage.page, 'news', 'predict')
  const box = await phone.getByRole('button', { name: 'Close the votes' }).boundingBox()
  expect(box?.height).toBeGreaterThan(300)
  const found = await new AxeBuilder({ page: phone }).analyze()
  expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])

  await desk.getByRole('button', { name: 'Next class' }).click()
  await desk.getByRole('button', { name: 'Begin the next class' }).click()
  await desk.getByRole('button', { name: 'Take over (Enter)' }).click()
  await desk.getByText('This is class-2.').waitFor()
  await at(stage.page, 'join', 'predict')
  expect([...stage.trouble, ...presenter.trouble, ...remote.trouble]).toEqual([])
})

test('a stage that was hidden comes back to the present picture', async () => {
  await using server = await serving()
  await using stage = await open(browser, server, '/stage', PROJECTOR)
  await at(stage.page, 'join', 'predict')
  await setHidden(stage.page, true)
  const instructor = await enter(server.origin)
  instructor.say({ say: 'go', scene: 'proxy', step: 'predict' })
  instructor.say({ say: 'follow', seats: false })
  await instructor.stateWith({ scene: 'proxy' })
  await setHidden(stage.page, false)
  await at(stage.page, 'proxy', 'predict')
  await instructor.leave()
})
