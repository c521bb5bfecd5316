import { expect, test } from 'vitest'
import { createOrigins, originOf } from '../../../server/http/origin.ts'
import { FeedError } from '../../../server/http/errors.ts'

const origins = createOrigins(['LAN.test', 'b\u00fccher.test', '::2', 'no name', ''])

/** Returns the code of the refusal, or null if the request may pass. */
function refusal(host: string | undefined, origin?: string, home?: string): string | null {
  const request = { headers: { ...(host !== undefined && { host }), ...(origin !== undefined && { origin }) } }
  try {
    origins.checkHost(request)
    origins.checkOrigin(request, home)
    return null
  } catch (error) {
    if (error instanceof FeedError) return error.code
    throw error
  }
}

test.each([
  ['localhost'],
  ['LOCALHOST:3000'],
  ['localhost.'],
  ['Localhost.:3000'],
  ['localhost:'],
  ['127.0.0.1:80'],
  ['[::1]'],
  ['[::1]:3000'],
  ['[0:0:0:0:0:0:0:1]:3000'],
  ['[0000::0001]'],
  ['[::0.0.0.1]'],
  ['lan.TEST:8080'],
  ['XN--BCHER-KVA.test'],
  ['[0:0::2]'],
])('the server accepts a request with the Host %s', (host) => {
  expect(refusal(host)).toBeNull()
})

test.each([
  [undefined],
  [''],
  ['evil.test'],
  ['localhost.evil.test'],
  ['localhost..'],
  ['evil.test:localhost'],
  ['localhost@evil.test'],
  ['evil.test@localhost'],
  ['localhost/'],
  ['localhost:3000/x'],
  ['localhost?'],
  ['localhost#'],
  ['localhost\\evil.test'],
  ['local host'],
  ['localhost, localhost'],
  ['localhost,evil.test'],
  ['l%6fcalhost'],
  ['http://localhost'],
  ['::1'],
  ['[::1'],
  ['[::1%25lo]'],
  ['[::3]'],
  ['localhost:99999'],
  ['localhost:-1'],
  ['*'],
])('the server refuses a request with the Host %s', (host) => {
  expect(refusal(host)).toBe('wrong-host')
})

test.each([
  ['localhost:3000', 'http://localhost:3000'],
  ['LOCALHOST:3000', 'http://localhost:3000'],
  ['localhost:3000', 'HTTP://LocalHost:3000'],
  ['localhost:3000', 'https://localhost:3000'],
  ['localhost:80', 'http://localhost'],
  ['localhost', 'http://localhost'],
  ['localhost', 'http://localhost:80'],
  ['localhost', 'https://localhost'],
  ['localhost', 'https://localhost:443'],
  ['lan.test:443', 'https://lan.test'],
  ['lan.test.:443', 'https://lan.test'],
  ['lan.test', 'https://lan.test.'],
  ['[::1]:3000', 'http://[::1]:3000'],
  ['[0:0:0:0:0:0:0:1]:3000', 'http://[::1]:3000'],
  ['xn--bcher-kva.test', 'https://XN--bcher-kva.test'],
])('a request with the Host %s from a page of %s counts as from the same site', (host, origin) => {
  expect(refusal(host, origin)).toBeNull()
})

test.each([
  ['localhost:3000', 'http://localhost'],
  ['localhost:3000', 'http://localhost:3001'],
  ['localhost:80', 'https://localhost'],
  ['localhost:443', 'http://localhost'],
  ['localhost', 'http://localhost:443'],
  ['localhost', 'http://127.0.0.1'],
  ['localhost', 'http://localhost.evil.test'],
  ['localhost', 'http://evil.test'],
  ['localhost', 'null'],
  ['localhost', ''],
  ['localhost', 'localhost'],
  ['localhost', '//localhost'],
  ['localhost', 'http://localhost/'],
  ['localhost', 'http://localhost/page'],
  ['localhost', 'http://localhost?x'],
  ['localhost', 'http://localhost#x'],
  ['localhost', 'http://localhost\\'],
  ['localhost', 'http://user@localhost'],
  ['localhost', 'http://evil.test@localhost'],
  ['localhost', 'http://localhost http://evil.test'],
  ['localhost', 'http://localhost, http://localhost'],
  ['localhost', 'ws://localhost'],
  ['localhost', 'file://localhost'],
  ['localhost', 'javascript://localhost'],
  ['localhost', 'http:localhost'],
  ['localhost', ' http://localhost'],
])('a request with the Host %s from a page of %s counts as from another site', (host, origin) => {
  expect(refusal(host, origin)).toBe('wrong-origin')
})

test('if a home is given, pages of this home are accepted, and pages of the requested host are refused', () => {
  expect(refusal('localhost:4000', 'http://LOCALHOST:3000', 'localhost:3000')).toBeNull()
  expect(refusal('localhost:4000', 'http://localhost', 'localhost:80')).toBeNull()
  expect(refusal('localhost:4000', 'http://localhost:4000', 'localhost:3000')).toBe('wrong-origin')
})

test.each([
  ['http://localhost:5173', 'http://localhost:5173'],
  ['HTTPS://Front.Test:443', 'https://front.test'],
  ['http://[0:0::1]:80', 'http://[::1]'],
  ['http://localhost/', null],
  ['*', null],
  ['null', null],
  ['front.test', null],
  ['ftp://front.test', null],
])('the text %s is read as the origin %s', (text, origin) => {
  expect(originOf(text)).toBe(origin)
})
