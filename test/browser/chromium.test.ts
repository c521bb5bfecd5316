/** Checks the launch of the browser that the other tests use. */
import { expect, test } from 'vitest'
import { launch } from './chromium.ts'

test.skipIf(process.platform === 'win32')(
  'the helper of the tests kills a browser that does not end when it is closed',
  async () => {
    const browser = await launch()
    const session = await browser.newBrowserCDPSession()
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    const pid = processInfo.find(({ type }) => type === 'browser')?.id ?? NaN
    process.kill(pid, 'SIGSTOP')
    await browser.close()
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  },
)
