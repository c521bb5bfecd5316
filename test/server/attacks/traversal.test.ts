/** Attempts to read files outside the served folders, in addition to test/server/pages/page.test.ts. */
import { expect, test } from 'vitest'
import { raw } from '../../raw.ts'
import { serve } from '../../serve.ts'

const UPS = ['..', '%2e%2e', '.%2e', '%252e%252e', '%c0%ae%c0%ae', '%u002e%u002e', '..;', '...', '..%00', '..%ff']
const SLASHES = ['/', '%2f', '%252f', '%5c', '\\', '//', '/./']
const ROOTS = ['/', '/transports/', '/vendor/lit/', '/source/server/']
const SECRETS = ['package.json', 'etc/passwd', '.git/HEAD', 'data/feed.db']

test.each(ROOTS)(
  'a client can read no file outside the served folders through %s',
  { timeout: 120_000 },
  async (root) => {
    await using server = await serve()
    for (const up of UPS) {
      for (const slash of SLASHES) {
        for (const secret of SECRETS) {
          for (const times of [1, 3, 8]) {
            const target = `${root}${`${up}${slash}`.repeat(times)}${secret}`
            const answer = await ask(server.port, target)
            expect(answer, target).toMatch(/^HTTP\/1\.1 (400|404) /)
          }
        }
      }
    }
  },
)

test.each([
  'http://localhost/../package.json',
  'http://evil.example/package.json',
  'file:///etc/passwd',
  '*',
  'localhost:1',
  '?/../package.json',
])(
  'a client can read no file outside the served folders with a request target that is not a path: %s',
  async (target) => {
    await using server = await serve()
    expect(await ask(server.port, target)).not.toMatch(/devDependencies|root:/)
  },
)

const ask = (port: number, target: string): Promise<string> =>
  raw(port, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`).closed()
