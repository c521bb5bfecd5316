/** Checks the instructor's settings, and the state in the address. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { everyLaneReaches, groundOf, lanesAreOn, lanesHave, open, snapshotOf } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('the page keeps its state in the address, so that a link opens the same view', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?room=b-2')
  const { page } = opened
  await lanesAreOn(page)
  await page.getByRole('radio', { name: '5 a second', exact: true }).check()
  await page.getByRole('combobox', { name: 'Poll interval' }).selectOption('250')
  await page.getByRole('combobox', { name: 'Longest hold' }).selectOption('5')
  await page.getByRole('switch', { name: 'SSE on' }).uncheck()
  await page.getByRole('button', { name: 'Show less time' }).click()
  await page.getByRole('button', { name: 'Table' }).click()
  await page.getByRole('button', { name: 'Dark' }).click()
  await page.getByRole('button', { name: 'Code of WebSocket' }).click()
  await page.getByRole('tab', { name: 'Browser file' }).click()
  const query = '?room=b-2&off=sse&poll=0.25&wait=5&rate=5&zoom=2&theme=dark&open=ws:browser&view=table'
  await expect.poll(() => new URL(page.url()).search).toBe(query)

  await using linked = await open(browser, server, `/${query}`)
  const other = linked.page
  await other.getByRole('tab', { name: 'Browser file', selected: true }).waitFor()
  await other.getByText('web/transports/ws.ts').waitFor()
  await other.getByRole('region', { name: 'All figures' }).waitFor()
  await other.waitForFunction(() => window.fourwire.snapshot().lanes.filter(({ on }) => on).length === 3)
  await other.getByRole('radio', { name: '5 a second', exact: true, checked: true }).waitFor({ state: 'attached' })
  expect(new URL(other.url()).search).toBe(query)
})

test('the ladder shows a changed network as a band, and the push lanes show its delay', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=20&poll=0.25')
  const { page } = opened
  await lanesHave(page, 5)
  await page.getByRole('combobox', { name: 'Network' }).selectOption('4G')
  await page
    .getByRole('status')
    .getByText(/^4G · 25 to 40 ms each way\. All lanes have reconnected/)
    .waitFor()
  await page.waitForFunction(() => window.fourwire.snapshot().conditions?.latencyMs === 25)
  await lanesHave(page, 40)
  for (const { transport, p50Ms, expectedP50Ms, lost, duplicated } of (await snapshotOf(page)).lanes) {
    expect({ transport, lost, duplicated }).toEqual({ transport, lost: 0, duplicated: 0 })
    if (transport === 'short-poll') continue
    expect(p50Ms, transport).toBeGreaterThan(25)
    // At this rate many messages fall into a long poll's gap, and a busy machine makes the gap longer.
    if (transport === 'long-poll') continue
    expect(p50Ms, transport).toBeLessThan(100)
    expect(expectedP50Ms, transport).toBeGreaterThan(30)
    expect(expectedP50Ms, transport).toBeLessThan(60)
  }
  await expect.poll(() => groundOf(page)).toBe('243,244,246,255')
  await page.getByRole('combobox', { name: 'Network' }).selectOption('LAN')
  await page.getByRole('status').getByText('The network has no conditions any more.').waitFor()
  await expect.poll(() => groundOf(page)).toBe('0,0,0,0')
})

test("on a slow network the clock stays exact, and the expected delay includes the network's latency", async () => {
  await using server = await serve({ conditions: { latencyMs: 60 } })
  await using opened = await open(browser, server, '/?rate=20')
  await lanesHave(opened.page, 5)
  const { clock, lanes } = await snapshotOf(opened.page)
  expect(clock.boundMs).toBeLessThan(30)
  const push = lanes.find(({ transport }) => transport === 'ws')
  expect(push?.expectedP50Ms).toBeGreaterThan(60)
  expect(push?.p50Ms).toBeGreaterThan(60 - (clock.boundMs ?? 0))
})

test('the condition "firewall" refuses the WebSocket, and the other lanes continue', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=10&poll=0.25')
  const { page } = opened
  await lanesHave(page, 3)
  await page.getByRole('button', { name: 'Firewall' }).click()
  await page.getByRole('button', { name: 'Firewall', pressed: true }).waitFor()
  const ws = page.getByRole('region', { name: 'WebSocket' })
  await ws.getByText(/refused 403 · again in/).waitFor()
  await page.waitForFunction(() =>
    window.fourwire.snapshot().lanes.every(({ transport, n }) => (transport === 'ws' ? n === 0 : n >= 10)),
  )
  await page.getByRole('button', { name: 'Cut now' }).click()
  await page
    .getByRole('status')
    .getByText('All connections were cut. Each lane reconnects from its own cursor.')
    .waitFor()
  await page.getByRole('button', { name: 'Firewall' }).click()
  const { id } = await server.publish('all together again')
  await everyLaneReaches(page, id)
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
})

test("without the instructor's rights, the page disables the network and the cut, and says why", async () => {
  await using server = await serve({ isShared: true })
  await using opened = await open(browser, server)
  const { page } = opened
  await lanesAreOn(page)
  for (const name of ['Cut now', 'Restart server', 'Buffering proxy', 'Firewall']) {
    const button = page.getByRole('button', { name })
    expect(await button.isDisabled()).toBe(true)
    expect(await button.getAttribute('title')).toMatch(/^Only the instructor sets/)
  }
  expect(await page.getByRole('combobox', { name: 'Network' }).isDisabled()).toBe(true)
})

test('a person who enters the token stays the instructor as long as the token is valid', async () => {
  await using server = await serve({ isShared: true, token: 'first-of-them' })
  await using opened = await open(browser, server)
  const { page } = opened
  await page.getByRole('button', { name: 'Instructor' }).click()
  const enter = async (token: string) => {
    await page.getByLabel('Instructor’s token').fill(token)
    await page.keyboard.press('Enter')
  }
  const cut = page.getByRole('form', { name: 'Experiment' }).getByRole('button', { name: 'Cut now' })
  await enter('a guess')
  const answer = /^That is not the instructor’s token\. Use the token that the server printed/
  await page.getByRole('status').getByText(answer).waitFor()
  await page.getByRole('complementary', { name: 'Settings' }).locator('#token-help').getByText(answer).waitFor()
  expect(await cut.isDisabled()).toBe(true)
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  await enter(' First of them')
  await page.getByRole('status').getByText('You are the instructor now').waitFor()
  await expect.poll(() => cut.isEnabled()).toBe(true)
  expect(await page.getByLabel('Instructor’s token').count()).toBe(0)
  expect(page.url() + JSON.stringify(await snapshotOf(page))).not.toMatch(/first/i)

  await page.reload()
  await expect.poll(() => cut.isEnabled()).toBe(true)
  await server.close()
  await using next = await serve({ isShared: true, token: 'second-of-them', port: server.port })
  expect(next.origin).toBe(server.origin)
  await page.getByLabel('Instructor’s token').waitFor()
  expect(await cut.isDisabled()).toBe(true)
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
})

test('a person who opens the printed link becomes the instructor, and the page removes the token from its address', async () => {
  await using server = await serve({ isShared: true, token: 'first-of-them' })
  await using opened = await open(browser, server, '/#token=first-of-them')
  const { page } = opened
  const cut = page.getByRole('form', { name: 'Experiment' }).getByRole('button', { name: 'Cut now' })
  await expect.poll(() => cut.isEnabled()).toBe(true)
  expect(page.url()).toBe(`${server.origin}/`)
  expect(await page.evaluate(() => document.cookie + sessionStorage.length + localStorage.getItem('token'))).toBe(
    '0null',
  )
  await page.goto(`${server.origin}/chat#token=wrong`)
  await page.getByText('That is not the instructor’s token.').waitFor()
  expect(page.url()).toBe(`${server.origin}/chat`)
})

test("if everybody else has to sign in, the instructor's link gives its user the instructor's rights without a sign-in", async () => {
  await using server = await serve({ token: 'first-of-them', auth: { password: 'four-wires-and-a-class' } })
  await using opened = await open(browser, server, '/#token=first-of-them')
  const { page } = opened
  const cut = page.getByRole('form', { name: 'Experiment' }).getByRole('button', { name: 'Cut now' })
  await expect.poll(() => cut.isEnabled(), { timeout: 20_000 }).toBe(true)
  expect(page.url()).toBe(`${server.origin}/`)
})

test('a person who signs out has to sign in again', async () => {
  await using server = await serve({ auth: { password: 'four-wires-and-a-class' } })
  await using opened = await open(browser, server)
  const { page } = opened
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Password').fill('four-wires-and-a-class')
  await page.keyboard.press('Enter')
  await lanesAreOn(page)
  await page.getByRole('button', { name: 'Sign out' }).first().click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/sign-in.html')
  expect((await page.request.get(`${server.origin}/feed/lobby/poll`)).status()).toBe(401)
})
