/**
 * Opens every page in a Chromium on this computer. Prints as JSON whether the browser reports itself online, and
 * which pages got data from the server. loopback.test.ts runs this script without an external network.
 */
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'

const got: string[] = []
await using server = await serve()
const browser = await launch()
try {
  const page = await browser.newPage()
  const show = async (path: string, hasWhatItIsFor: () => Promise<unknown>): Promise<void> => {
    await page.goto(server.origin + path)
    await hasWhatItIsFor()
    if ((await page.getByRole('alert').count()) > 0) return
    got.push(path)
  }
  const measured = () =>
    page.waitForFunction(() => {
      const lanes = window.fourwire?.snapshot().lanes ?? []
      return lanes.length > 0 && lanes.every(({ n }) => n > 0)
    })
  await show('/', measured)
  await show('/lessons/04-long-polling', measured)
  await show('/board?board=b', () => page.waitForFunction(() => window.fourwireBoard?.snapshot().isLive))
  await show('/choose', () => page.getByRole('region', { name: 'Predicted values' }).waitFor())
  await show('/chat', async () => {
    await page.getByLabel('Your name').fill('Ada')
    await page.getByLabel('Your message').fill('hello')
    await page.keyboard.press('Enter')
    await page.getByRole('log').getByText('hello').waitFor()
  })
  const isOnline = await page.evaluate(() => navigator.onLine)
  process.stdout.write(JSON.stringify({ isOnline, got }))
} finally {
  await browser.close()
}
