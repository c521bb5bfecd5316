import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { runInNewContext } from 'node:vm'
import { gunzipSync } from 'node:zlib'
import Fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { page } from '../../../server/pages/page.ts'
import type { Source } from '../../../server/protocol/source.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')

describe('a file of web/', () => {
  test('is sent as JavaScript in which all code keeps its line and column', async () => {
    const text = 'interface A { b: string }\n\nconst a: Readonly<A> = { b: "ü" } as const\n  export { a }\n'
    const { body, headers } = await get(await served({ 'web/view/a.ts': text }), '/view/a.ts')
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(body).toBe(text.replace(/interface.*|: Readonly<A>|as const/g, (types) => ' '.repeat(types.length)))
  })

  test('leads to an error that names the file and a command if the server cannot remove its types', async () => {
    const address = await served({ 'web/view/bad.ts': 'enum Wire { Sse }' })
    const { status, body } = await get(address, '/view/bad.ts')
    expect(status).toBe(500)
    expect(body).toMatch(/^The types in web\/view\/bad\.ts cannot be removed: .*enum.*tsc -p web$/)
  })

  test('is sent in its new version after it has changed on disk', async () => {
    const root = await folder({ 'web/a.ts': 'const a: 1 = 1' })
    const address = await listening(root)
    expect((await get(address, '/a.ts')).body).toBe('const a    = 1')
    await writeFile(join(root, 'web/a.ts'), 'const a: 1 = 10')
    expect((await get(address, '/a.ts')).body).toBe('const a    = 10')
  })

  test('loses its types without a warning on stderr', async () => {
    const script = `
      import Fastify from 'fastify'
      import { page } from './server/pages/page.ts'
      const app = Fastify()
      await page(app)
      console.log((await app.inject('/now.ts')).statusCode)`
    const node = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd: REPOSITORY })
    expect(await node).toEqual({ stdout: '200\n', stderr: '' })
  })

  test('is sent for the address / if its name is index.html', async () => {
    const { body, headers } = await get(await served({ 'web/sandbox/index.html': '<!doctype html>' }), '/')
    expect([headers['content-type'], body]).toEqual(['text/html; charset=utf-8', '<!doctype html>'])
  })
})

test("uPlot can be loaded even if the browser's language is invalid, as in WebKitGTK with the locale C", async () => {
  const { body } = await get(await served({}), '/vendor/uplot/uPlot.js')
  const [, script = ''] = /^(.*)export default uPlot\s*$/s.exec(body) ?? []
  const matchMedia = () => ({ addEventListener() {} })
  const window = { dispatchEvent() {}, addEventListener() {}, devicePixelRatio: 1, matchMedia }
  const browser = { window, document: {}, navigator: { language: 'c' }, matchMedia, devicePixelRatio: 1, CustomEvent }
  expect(runInNewContext(`(() => { ${script}; return typeof uPlot })()`, { ...window, ...browser })).toBe('function')
})

describe.each([
  '/',
  '/a.ts',
  '/a.css',
  '/icon.svg',
  '/a.png',
  '/vendor/lit/index.js',
  '/vendor/lit-html/lit-html.js',
  '/vendor/uplot/uPlot.js',
  '/vendor/uplot/uPlot.min.css',
  '/source/web/a.ts',
])('%s', (path) => {
  test('is revalidated on every load, and the response is 304 while the file is unchanged', async () => {
    const address = await served(SITE)
    const first = await get(address, path)
    expect(first).toMatchObject({ status: 200, headers: { 'cache-control': 'no-cache' } })
    for (const known of [first.headers.etag, `"other", W/${first.headers.etag?.replace(/^W\//, '')}`]) {
      const again = await get(address, path, { headers: { 'if-none-match': known } })
      expect(again).toMatchObject({ status: 304, body: '', headers: { etag: first.headers.etag } })
    }
    expect((await get(address, path, { headers: { 'if-none-match': '"other"' } })).body).toBe(first.body)
  })

  test('has the same headers for HEAD as for GET, and no body', async () => {
    const address = await served(SITE)
    const { headers } = await get(address, path)
    const { 'content-type': type, 'content-length': length, etag } = headers
    const head = await get(address, path, { method: 'HEAD' })
    expect(head).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-type': type, 'content-length': length, etag },
    })
  })
})

describe.each([
  '/large.html',
  '/large.ts',
  '/large.css',
  '/large.svg',
  '/vendor/lit-html/lit-html.js',
  '/source/web/large.ts',
])('the large file %s', (path) => {
  test('is sent smaller to a client that accepts gzip, with the same content', async () => {
    const address = await served(LARGE)
    const plain = await get(address, path)
    const gzipped = await get(address, path, GZIP)
    expect(gzipped.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' })
    expect(plain.headers).toMatchObject({ vary: 'accept-encoding' })
    expect(plain.headers).not.toHaveProperty('content-encoding')
    expect(gzipped.headers['content-type']).toBe(plain.headers['content-type'])
    expect(gzipped.body).toBe(plain.body)
    expect(gzipped.bytes).toBeLessThan(plain.bytes)
  })

  test('has one ETag with gzip and one without, and gets 304 only for the ETag of the variant that the client accepts', async () => {
    const address = await served(LARGE)
    const [plain, gzipped] = [await get(address, path), await get(address, path, GZIP)]
    expect(gzipped.headers.etag).not.toBe(plain.headers.etag)
    const ask = (tag: string | undefined, headers = {}) =>
      get(address, path, { headers: { ...headers, 'if-none-match': tag } })
    expect(await ask(gzipped.headers.etag, GZIP.headers)).toMatchObject({
      status: 304,
      body: '',
      headers: { etag: gzipped.headers.etag, vary: 'accept-encoding' },
    })
    expect(await ask(plain.headers.etag)).toMatchObject({ status: 304, headers: { etag: plain.headers.etag } })
    expect((await ask(gzipped.headers.etag)).body).toBe(plain.body)
    expect((await ask(plain.headers.etag, GZIP.headers)).status).toBe(200)
  })

  test('has the same headers for HEAD as for GET if the client accepts gzip', async () => {
    const address = await served(LARGE)
    const { headers } = await get(address, path, GZIP)
    const { 'content-length': length, 'content-encoding': encoding, etag } = headers
    const head = await get(address, path, { ...GZIP, method: 'HEAD' })
    expect(head).toMatchObject({
      status: 200,
      bytes: 0,
      headers: { 'content-length': length, 'content-encoding': encoding, etag },
    })
  })
})

test.each([
  ['gzip, deflate, br', true],
  ['GZIP', true],
  ['br;q=1.0, gzip;q=0.5', true],
  ['*', true],
  ['gzip;q=0', false],
  ['gzip; q=0.000, *', false],
  ['*;q=0', false],
  ['identity', false],
  ['br', false],
  ['', false],
])('the accept-encoding "%s" leads to a response with gzip: %s', async (accepted, isGzipped) => {
  const address = await served(LARGE)
  const { headers } = await get(address, '/large.ts', { headers: { 'accept-encoding': accepted } })
  expect(headers['content-encoding'] === 'gzip').toBe(isGzipped)
})

test.each(['/a.css', '/large.png'])(
  'the server sends %s uncompressed, because gzip would save nothing',
  async (path) => {
    const { headers } = await get(await served({ ...SITE, ...LARGE }), path, GZIP)
    expect(headers).not.toHaveProperty('content-encoding')
  },
)

test('the server compresses a file again after it has changed on disk', async () => {
  const root = await folder(LARGE)
  const address = await listening(root)
  await get(address, '/large.css', GZIP)
  await writeFile(join(root, 'web/large.css'), `b {}${LARGE['web/large.css']}`)
  expect((await get(address, '/large.css', GZIP)).body).toMatch(/^b \{\}a \{\}/)
})

describe('a path outside the public files', () => {
  test.each([
    '/../package.json',
    '/%2e%2e/package.json',
    '/..%2fpackage.json',
    '/..%5cpackage.json',
    '/view/../../package.json',
    '/view/%2e%2e/%2E%2E/package.json',
    '/../secret.ts',
    '/..%2fsecret.ts',
    '/%2e%2e/secret.ts',
    '/%2e%2e%2fsecret.ts',
    '/..%5csecret.ts',
    '/view/../../secret.ts',
    '/./a.ts',
    '//a.ts',
    '/a.ts/',
    '/a.ts%00.html',
    '/view',
    '/view/',
    '/nothing.ts',
    '/nothing.svg',
    '/tsconfig.json',
    '/.hidden.ts',
    '/.hidden/a.ts',
    '/notes.txt',
    '/package.json',
    '/server/a.ts',
    '/vendor/',
    '/vendor/../package.json',
    '/vendor/..%2fpackage.json',
    '/vendor/%2e%2e/package.json',
    '/vendor/lit',
    '/vendor/lit/package.json',
    '/vendor/lit/../../package.json',
    '/vendor/lit/..%2f..%2fpackage.json',
    '/vendor/lit/directives/../../fastify/fastify.js',
    '/vendor/lit/development/index.js',
    '/vendor/lit/index.d.ts',
    '/vendor/lit-html/node/lit-html.js',
    '/vendor/lit/node_modules/lit-html/lit-html.js',
    '/vendor/@lit/reactive-element/package.json',
    '/vendor/@lit%2freactive-element/..%2f..%2flit/package.json',
    '/vendor/fastify/fastify.js',
    '/vendor/uplot/package.json',
    '/vendor/uplot/dist/uPlot.cjs.js',
    '/source/',
    '/source/package.json',
    '/source/../package.json',
    '/source/.git/config',
    '/source/%2egit/config',
    '/source/a.ts',
    '/source/server',
    '/source/server/nothing.ts',
    '/source/server/../secret.ts',
    '/source/server/..%2fsecret.ts',
    '/source/server/%2e%2e/secret.ts',
    '/source/server/..%5csecret.ts',
    '/source/server/../../../etc/passwd',
    '/source//etc/passwd',
    '/source/%2fetc%2fpasswd',
    '/source/server/.env.ts',
    '/source/server/launch.js',
    '/source/web/index.html',
    '/source/web/tsconfig.json',
    '/source/node_modules/lit/index.js',
  ])('gets the 404 of the app: %s', async (path) => {
    const address = await served({
      ...SITE,
      'package.json': '{}',
      'secret.ts': 'secret',
      'a.ts': 'secret',
      '.git/config': 'secret',
      'web/tsconfig.json': '{}',
      'web/notes.txt': 'secret',
      'web/.hidden.ts': 'secret',
      'web/.hidden/a.ts': 'secret',
      'server/.env.ts': 'secret',
      'server/launch.js': 'secret',
    })
    expect(await get(address, path)).toMatchObject({ status: 404, body: `none: ${path}` })
  })
})

describe('the content security policy', () => {
  test('allows the import map by its hash, and nothing from other sites', async () => {
    const map = '\n{ "imports": {} }\n'
    const { headers } = await get(await served({ 'web/sandbox/index.html': document(map) }), '/')
    expect(headers).toMatchObject({
      'content-security-policy':
        `default-src 'none'; script-src 'self' '${hash(map)}'; style-src 'self'; img-src 'self' data:; ` +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
        "require-trusted-types-for 'script'; trusted-types lit-html",
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    })
  })

  test('allows frames only on the page that shows the report of a comparison, and only from this server', async () => {
    const address = await served({ 'web/choose/index.html': document('{}'), 'web/board/index.html': document('{}') })
    const policyOf = async (path: string) => (await get(address, path)).headers['content-security-policy']
    expect(await policyOf('/choose')).toMatch(/; frame-src 'self'$/)
    expect(await policyOf('/board')).not.toContain('frame-src')
  })

  test('contains the hash of the import map with LF line ends, even if the file has CRLF', async () => {
    const { headers } = await get(await served({ 'web/sandbox/index.html': document('\r\n{}\r\n') }), '/')
    expect(headers['content-security-policy']).toContain(hash('\n{}\n'))
  })

  test('changes when an import map changes on disk', async () => {
    const root = await folder({ 'web/sandbox/index.html': document('{}') })
    const address = await listening(root)
    await get(address, '/')
    await writeFile(join(root, 'web/sandbox/index.html'), document('{"imports":{}}'))
    expect((await get(address, '/')).headers['content-security-policy']).toContain(hash('{"imports":{}}'))
  })

  test('contains no hash for a document without an import map', async () => {
    const { headers } = await get(await served({ 'web/plain.html': '<script>alert(1)</script>' }), '/plain.html')
    expect(headers['content-security-policy']).toContain("; script-src 'self'; ")
  })
})

describe("this repository's page", () => {
  test('names only files that exist, and its import map finds every module that web/ imports', async () => {
    const address = await listening(REPOSITORY)
    const html = (await get(address, '/')).body
    const modules = globSync('**/*.ts', { cwd: join(REPOSITORY, 'web') }).map(
      (path) => `/${path.replaceAll('\\', '/')}`,
    )
    const loaded = await load(address, [...named(html), ...modules], importMap(html))
    expect([...loaded].filter(([, { status }]) => status !== 200).map(([path]) => path)).toEqual([])
    expect([...loaded.keys()]).toContain('/vendor/lit-html/lit-html.js')
  })

  test('transfers less than 400 kB, with everything that it may load later', async () => {
    const address = await listening(REPOSITORY)
    const document = await get(address, '/', GZIP)
    const html = document.body
    const loaded = await load(address, named(html), importMap(html))
    const bytes = [...loaded.values()].reduce((sum, { bytes }) => sum + bytes, document.bytes)
    expect([...loaded.keys()].filter((path) => /^\/joined\/.*\/(main|later)\.js$/.test(path))).toHaveLength(2)
    expect(bytes).toBeLessThan(400_000)
  })
})

describe('the source view', () => {
  test.each(globSync(['server/**/*.ts', 'web/**/*.ts'], { cwd: REPOSITORY }))(
    'shows all of the text of the file %s',
    async (path) => {
      const url = `/source/${path.replaceAll('\\', '/')}`
      const source: Source = JSON.parse((await get(await listening(REPOSITORY), url)).body)
      const text = source.lines.map((line) => line.map((piece) => piece.text).join('')).join('\n')
      expect(text).toBe(await readFile(join(REPOSITORY, path), 'utf8'))
      expect(source.lines.filter((line) => line.some((piece, i) => piece.kind === line[i - 1]?.kind))).toEqual([])
    },
  )

  test('distinguishes comments, keywords, strings and other code', async () => {
    const code = '/** @param a */\nexport const f = async () => `a${typeof "b"}c` + /d+|\\w/g // e'
    const source: Source = JSON.parse((await get(await served({ 'server/a.ts': code }), '/source/server/a.ts')).body)
    const marks = { comment: '#', keyword: '*', string: '_', plain: '' }
    expect(source.lines.map((line) => line.map(({ kind, text }) => marks[kind] + text + marks[kind]).join(''))).toEqual(
      ['#/** @param a */#', '*export* *const* f = *async* () => _`a_${*typeof* _"b"_}_c`_ +_ /d+|\\w/g_ #// e#'],
    )
  })
})

const SITE = {
  'web/sandbox/index.html': '<!doctype html>',
  'web/a.ts': 'export const a: number = 1',
  'web/a.css': 'a {}',
  'web/icon.svg': '<svg/>',
  'web/a.png': 'as it is',
  'server/a.ts': 'export {}',
}

const LARGE = {
  'web/large.html': '<!doctype html>'.padEnd(2000, ' ü'),
  'web/large.ts': 'export const a: number = 1\n'.repeat(100),
  'web/large.css': 'a {} '.repeat(500),
  'web/large.svg': `<svg>${'<g/>'.repeat(500)}</svg>`,
  'web/large.png': '0'.repeat(2000),
}

const GZIP = { headers: { 'accept-encoding': 'gzip' } }

/** Serves a new folder with these files until the end of the test. Returns its address. */
async function served(files: Record<string, string>): Promise<string> {
  return listening(await folder(files))
}

async function listening(root: string): Promise<string> {
  const app = Fastify({ exposeHeadRoutes: false })
  onTestFinished(() => app.close())
  app.setNotFoundHandler((request, reply) => reply.code(404).send(`none: ${request.url}`))
  app.setErrorHandler((error: Error, _request, reply) => reply.code(500).send(error.message))
  await page(app, { root })
  return app.listen({ port: 0, host: '127.0.0.1' })
}

async function folder(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'fourwire-page-'))
  onTestFinished(() => rm(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

interface Answer {
  status: number | undefined
  headers: IncomingHttpHeaders
  /** Length of the body as it was transferred, before decompression. */
  bytes: number
  body: string
}

interface Options {
  method?: string
  headers?: OutgoingHttpHeaders
}

/** Requests the path exactly as given. `fetch` would normalise it. */
async function get(address: string, path: string, options: Options = {}): Promise<Answer> {
  const { hostname, port } = new URL(address)
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const outgoing = request({ hostname, port, path, agent: false, ...options }, async (response) => {
    const content = Buffer.concat(await response.toArray())
    const isGzipped = response.headers['content-encoding'] === 'gzip' && content.length > 0
    const body = String(isGzipped ? gunzipSync(content) : content)
    resolve({ status: response.statusCode, headers: response.headers, bytes: content.length, body })
  })
  outgoing.on('error', reject).end()
  return promise
}

const document = (map: string) => `<!doctype html><script type="importmap">${map}</script>`
const hash = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`

/** Returns the files that a document loads itself. */
function named(html: string): string[] {
  return Array.from(html.matchAll(/<(?:script|link|img)\b[^>]*\b(?:src|href)="(\/[^"]+)"/g), ([, path = '']) => path)
}

function importMap(html: string): Record<string, string> {
  const [, map = '{}'] = /<script type="importmap">(.*?)<\/script>/s.exec(html) ?? []
  return JSON.parse(map).imports
}

/** Loads modules and all their imports as a browser does. Returns each path once, with its response. */
async function load(address: string, paths: string[], imports: Record<string, string>): Promise<Map<string, Answer>> {
  const loaded = new Map<string, Answer>()
  const waiting = [...paths]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (loaded.has(path)) continue
    const answer = await get(address, path, GZIP)
    loaded.set(path, answer)
    const isScript = answer.headers['content-type']?.includes('javascript') ?? false
    if (isScript) waiting.push(...specifiers(answer.body).map((name) => resolved(name, path, imports)))
  }
  return loaded
}

function specifiers(script: string): string[] {
  return Array.from(
    script.matchAll(/\b(?:import|export)\b(?:[\w\s{},*$]*\bfrom)?[\s(]*(['"])([^'"\n]+)\1/g),
    ([, , name = '']) => name,
  )
}

/**
 * Resolves a name as a browser does, without scopes: by an exact name, or by the longest prefix that ends in a slash.
 */
function resolved(name: string, from: string, imports: Record<string, string>): string {
  if (/^\.{0,2}\//.test(name)) return new URL(name, `http://x${from}`).pathname
  const prefix = Object.keys(imports)
    .filter((key) => key === name || (key.endsWith('/') && name.startsWith(key)))
    .toSorted((a, b) => b.length - a.length)[0]
  return prefix === undefined ? `not in the import map: ${name}` : `${imports[prefix]}${name.slice(prefix.length)}`
}
