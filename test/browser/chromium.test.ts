/** The browser that the other tests are in. */
import { expect, test } from 'vitest'
import { launch } from './chromium.ts'

test.skipIf(process.platform === 'win32')(
  'one that does not end when it is closed is killed, and whoever closes it goes on',
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
