/** Runs Firefox over WebDriver BiDi. */
import { launch } from 'puppeteer-core'
import type { Engine, EnginePage } from './engine.ts'
import { findProgram } from './engine.ts'

const executablePath = findProgram('FOURWIRE_FIREFOX', ['firefox-esr', 'firefox'])

export const firefox: Engine = {
  name: 'Firefox',
  missing:
    executablePath === null ? 'there is no Firefox: install firefox-esr, or set FOURWIRE_FIREFOX to its path' : null,
  open,
}

/** Settings that keep Firefox from requesting updates, settings and lists by itself. */
const QUIET = {
  'app.normandy.enabled': false,
  'browser.safebrowsing.blockedURIs.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
}

async function open(): Promise<EnginePage> {
  if (executablePath === null) throw new Error(firefox.missing ?? '')
  const browser = await launch({ browser: 'firefox', executablePath, headless: true, extraPrefsFirefox: QUIET })
  const page = await browser.newPage()
  await page.setViewport({ width: 1280, height: 720 })
  const trouble: string[] = []
  page.on('pageerror', (error) => trouble.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
  return {
    trouble,
    async goto(url) {
      await page.goto(url)
    },
    async evaluate(act, ...args) {
      // The result goes through JSON, because BiDi reports an object only once even if it occurs twice.
      const called = `(${String(act)})(...${JSON.stringify(args)})`
      return JSON.parse(String(await page.evaluate(`JSON.stringify(${called} ?? null)`)))
    },
    click: (selector) => page.click(selector),
    async enter(selector, text) {
      await page.type(selector, text)
      await page.keyboard.press('Enter')
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}
