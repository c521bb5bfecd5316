import { stripTypeScriptTypes } from 'node:module'
import { dirname, extname, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PRICES } from '../access/prices.ts'
import { FRESH, notFound, rendering, send, sha256 } from '../http/rendered.ts'
import type { Rendered } from '../http/rendered.ts'
import { withHead } from './site.ts'
import { highlight } from './source.ts'
import { findVendored } from './vendored.ts'

/** Header fields of every response of this server. */
export const GENERAL_HEADERS: Record<string, string> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/**
 * Header fields of HTML pages. If the browser trusts the page's address (HTTPS or localhost), these fields isolate the
 * page from other sites. In an isolated page, the browser's clock has steps of 5 µs instead of 100 µs.
 */
const DOCUMENT_HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

export const REPOSITORY = join(import.meta.dirname, '../..')

// Matches a path that consists of plain names and ends in a known extension. The server tests the decoded path, so this
// pattern rejects every spelling of `..`, of a further slash, of a dot-file and of a Windows device name.
const PAGE_FILE = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.(?:html|css|ts|svg|png|woff2)$/
/** Matches files whose format is already compressed. */
const COMPRESSED_FILE = /\.(?:png|woff2)$/
/** The HTML file for the address of each page. The other files of a page are in the folder of the HTML file. */
const PAGES = new Map([
  ['', 'sandbox/index.html'],
  ['index.html', 'sandbox/index.html'],
  ['board', 'board/index.html'],
  ['board.html', 'board/index.html'],
  ['chat', 'chat/index.html'],
  ['chat.html', 'chat/index.html'],
  ['choose', 'choose/index.html'],
  ['choose.html', 'choose/index.html'],
  ['presenter', 'presenter/index.html'],
  ['remote', 'remote/index.html'],
  ['sign-in.html', 'sign-in/index.html'],
  ['stage', 'stage/index.html'],
])
/** Templates that `lesson-pages.ts` and `not-found.ts` fill in. The server never sends an unfilled template. */
const TEMPLATES = ['lesson/index.html', 'not-found/index.html']
/** Pages that may show another address of this server in a frame: the report of a comparison. */
const FRAMING = ['choose/index.html']
const SOURCE_FILE = /^(?:server|web)\/(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.ts$/
/**
 * Matches the files of Lit for browsers, which are at the top of each package and in two folders. The folders
 * `development/` and `node/` are not for browsers. The first group of the pattern is the package, and the second group
 * is the file in the package.
 */
const LIT_FILE = /^(lit|lit-html|lit-element|@lit\/reactive-element)\/((?:(?:directives|decorators)\/)?[\w-]+\.js)$/

/**
 * Serves the files of `web/` without a build; spaces replace the types in TypeScript. The addresses at `/vendor/` serve
 * packages for the browser, and the addresses at `/source/` serve source code in coloured pieces. For every other path,
 * the app answers with its own 404.
 * `root`: folder that contains `web/` and `server/`. Default: this repository.
 * Throws if one of the packages for the browser is not installed.
 */
export async function page(
  app: FastifyInstance,
  { root = REPOSITORY }: { root?: string | undefined } = {},
): Promise<void> {
  await app.register(fastifyStatic, { serve: false })
  const web = join(root, 'web')
  const vendored = findVendored(REPOSITORY)
  const document = rendering(asDocument)
  const script = rendering(asScript)
  const module = rendering(asModule)
  const text = rendering(asItIs)
  const source = rendering(asSource)

  servePublic(app, '/*', async (request, reply) => {
    const path = PAGES.get(request.params['*']) ?? request.params['*']
    if (!PAGE_FILE.test(path) || TEMPLATES.includes(path)) return notFound(reply)
    if (COMPRESSED_FILE.test(path)) return reply.headers(FRESH).sendFile(path, web, { cacheControl: false })
    if (path.endsWith('.html')) return send(request, reply, await document(web, path))
    if (path.endsWith('.ts')) return send(request, reply, await script(web, path))
    return send(request, reply, await text(web, path))
  })

  servePublic(app, '/vendor/*', async (request, reply) => {
    const path = request.params['*']
    const uplot = join(vendored.get('uplot') ?? '', 'dist')
    if (path === 'uplot/uPlot.js') return send(request, reply, await module(uplot, 'uPlot.iife.min.js'))
    if (path === 'uplot/uPlot.min.css') return send(request, reply, await text(uplot, 'uPlot.min.css'))
    const [, name = '', file] = LIT_FILE.exec(path) ?? []
    const folder = vendored.get(name)
    return folder !== undefined && file !== undefined ? send(request, reply, await text(folder, file)) : notFound(reply)
  })

  servePublic(app, '/source/*', async (request, reply) => {
    const path = request.params['*']
    return SOURCE_FILE.test(path) ? send(request, reply, await source(root, path)) : notFound(reply)
  })
}

/**
 * Adds a public route for GET and HEAD. The OpenAPI document does not contain the route. The app does not add HEAD to
 * every route, because the server would hold a HEAD request for a long poll. So this route lists HEAD itself.
 */
export function servePublic<Params = { '*': string }>(
  app: FastifyInstance,
  url: string,
  handler: (request: FastifyRequest<{ Params: Params }>, reply: FastifyReply) => Promise<FastifyReply>,
): void {
  app.route<{ Params: Params }>({
    method: ['GET', 'HEAD'],
    url,
    schema: { hide: true },
    config: { access: 'public', price: PRICES.file },
    handler,
  })
}

function asDocument(text: string, path: string): Rendered {
  const folder = dirname(path)
  const html = withHead(text, folder === 'sandbox' ? '/' : `/${folder}`)
  const headers = documentHeaders(html)
  if (!FRAMING.includes(path)) return { headers, body: html }
  const policy = headers['content-security-policy']
  return { headers: { ...headers, 'content-security-policy': `${policy}; frame-src 'self'` }, body: html }
}

export function documentHeaders(html: string): Rendered['headers'] {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(html),
    ...DOCUMENT_HEADERS,
  }
}

/**
 * Returns the Content-Security-Policy of a page. The policy allows scripts, styles, images and connections only from
 * and to this server, and images in `data:` addresses. The page's only inline script is the import map, which the
 * policy allows by its hash. Only Lit may create HTML from strings.
 */
function contentSecurityPolicy(html: string): string {
  return [
    "default-src 'none'",
    ["script-src 'self'", ...importMaps(html).map((map) => `'sha256-${sha256(map)}'`)].join(' '),
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types lit-html',
  ].join('; ')
}

function importMaps(html: string): string[] {
  // The file may contain CRLF, which Git writes on Windows. A browser turns CRLF into LF before it computes the hash.
  const text = html.replaceAll('\r\n', '\n')
  return Array.from(text.matchAll(/<script type="importmap">(.*?)<\/script>/gs), ([, map = '']) => map)
}

/** Replaces types by spaces, so that DevTools shows the same lines and columns as the file in the repository. */
function asScript(text: string, path: string): Rendered {
  try {
    return { headers: SCRIPT, body: quietly(() => stripTypeScriptTypes(text)) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `The types in web/${path} cannot be removed: ${reason}. To find the place, run node_modules/.bin/tsc -p web`,
      {
        cause,
      },
    )
  }
}

const SCRIPT = { 'content-type': 'text/javascript; charset=utf-8' }

/**
 * Calls `strip` without Node's warning that type stripping is experimental, because the warning would confuse students.
 * `strip` is synchronous, so no other code can emit a warning during the call.
 */
function quietly<T>(strip: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return strip()
  } finally {
    process.emitWarning = emitWarning
  }
}

/**
 * Turns uPlot's classic script into a module. The classic script is minified and has 51 kB. uPlot's ES module is not
 * minified: its 145 kB are a third of the allowed size of the whole page. In a module, the script's only variable
 * `uPlot` is not global.
 *
 * uPlot reads the browser's language, and throws if the language is invalid, such as `c` in WebKitGTK with the locale
 * C. So the module gives uPlot the language English. The page writes all numbers in English anyway.
 */
function asModule(text: string): Rendered {
  return { headers: SCRIPT, body: `const navigator = { language: 'en' }\n${text}\nexport default uPlot\n` }
}

function asItIs(text: string, path: string): Rendered {
  return { headers: TYPES[extname(path)] ?? {}, body: text }
}

const TYPES: Partial<Record<string, Rendered['headers']>> = {
  '.js': SCRIPT,
  '.css': { 'content-type': 'text/css; charset=utf-8' },
  '.svg': { 'content-type': 'image/svg+xml' },
}

async function asSource(text: string, path: string): Promise<Rendered> {
  return {
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(await highlight(path, text)),
  }
}
