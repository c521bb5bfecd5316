import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PRICES } from '../access/prices.ts'
import { FRESH, LASTING, notFound, rendering, send, sha256, variantsOf } from '../http/rendered.ts'
import type { Rendered, Variants } from '../http/rendered.ts'
import { forBrowser, headersFor, vendorFile } from './files.ts'
import { joinedFile, joinedPage } from './joined.ts'
import type { JoinedTask } from './joined.ts'
import { withHead } from './site.ts'
import { highlight } from './source.ts'
import { importMaps, namedFiles, withJoinedFiles } from './tags.ts'
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
  ['between', 'between/index.html'],
  ['capacity', 'capacity/index.html'],
  ['join', 'join/index.html'],
  ['presenter', 'presenter/index.html'],
  ['remote', 'remote/index.html'],
  ['sign-in.html', 'sign-in/index.html'],
  ['stage', 'stage/index.html'],
])
/** Templates that `lesson-pages.ts` and `not-found.ts` fill in. The server never sends an unfilled template. */
const TEMPLATES = ['lesson/index.html', 'not-found/index.html']
/** Pages whose scripts and styles the server joins, with their paths in `web/`. */
const JOINED = new Set([...PAGES.values(), ...TEMPLATES])
/** Matches the hash, the folder of the page and the name of a joined file, or of its source map. */
const JOINED_FILE = /^([\w-]+\/([\w-]+)\/)((?:early\.js|main\.js|later\.js|style\.css)(?:\.map)?)$/
/** Pages that may show another address of this server in a frame: the report of a comparison. */
const FRAMING = ['choose/index.html']
/** Pages that may send requests to every server: the page that finds out what is between a browser and a server. */
const REACHING = ['between/index.html']
const SOURCE_FILE = /^(?:server|web)\/(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.ts$/

/**
 * Serves the files of `web/` without a build; spaces replace the types in TypeScript. A page loads its files joined
 * into a few, from addresses at `/joined/`; each file also has an address of its own. The addresses at `/vendor/` serve
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
  const file = rendering(asFile)
  const source = rendering(asSource)
  /** Returns the HTML of a page with the head of all pages, or null if there is no such page. */
  const read = async (path: string): Promise<string | null> => {
    const folder = dirname(path)
    const html = await readFile(join(web, path), 'utf8').catch(() => null)
    return html && withHead(html, folder === 'sandbox' ? '/' : `/${folder}`)
  }

  servePublic(app, '/*', async (request, reply) => {
    const path = PAGES.get(request.params['*']) ?? request.params['*']
    if (!PAGE_FILE.test(path) || TEMPLATES.includes(path)) return notFound(reply)
    if (COMPRESSED_FILE.test(path)) return reply.headers(FRESH).sendFile(path, web, { cacheControl: false })
    if (!path.endsWith('.html')) return send(request, reply, await file(web, path))
    const html = await read(path)
    return html === null ? notFound(reply) : sendDocument(request, reply, html, path, root)
  })

  servePublic(app, '/joined/*', async (request, reply) => {
    const [, folder = '', name = '', part = ''] = JOINED_FILE.exec(request.params['*']) ?? []
    const path = `${name}/index.html`
    const html = JOINED.has(path) ? await read(path) : null
    if (html === null) return notFound(reply)
    return send(request, reply, await joinedFile(taskOf(html, path, root), folder, part), LASTING)
  })

  servePublic(app, '/vendor/*', async (request, reply) => {
    const [folder, path] = vendorFile(vendored, request.params['*']) ?? []
    return folder !== undefined && path !== undefined ? send(request, reply, await file(folder, path)) : notFound(reply)
  })

  servePublic(app, '/source/*', async (request, reply) => {
    const path = request.params['*']
    return SOURCE_FILE.test(path) ? send(request, reply, await source(root, path)) : notFound(reply)
  })
}

/**
 * Sends a page. The page loads the joined files instead of those that its HTML names. If these files cannot be joined,
 * the page loads each of them by itself, and the browser's console names the wrong one.
 * `path`: path in `web/` of the page's HTML, or of the template of the page.
 */
export async function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  html: string,
  path: string,
  root: string,
): Promise<FastifyReply> {
  if (!JOINED.has(path)) return send(request, reply, await documentOf(html, path))
  const { folder, failure } = await joinedPage(taskOf(html, path, root))
  if (failure !== null) request.log.warn({ failure }, `web/${path} loads each of its files by itself`)
  const body = failure === null ? withJoinedFiles(html, `/joined/${folder}`) : html
  return send(request, reply, await documentOf(body, path))
}

function taskOf(html: string, path: string, root: string): JoinedTask {
  return { root, repository: REPOSITORY, page: path, files: namedFiles(html) }
}

/** Number of compressed documents that the server keeps. */
const DOCUMENTS = 50

const documents = new Map<string, Promise<Variants>>()

function documentOf(html: string, path: string): Promise<Variants> {
  const key = `${path}\n${html}`
  const known = documents.get(key) ?? variantsOf(asDocument(html, path))
  documents.delete(key)
  documents.set(key, known)
  const [oldest] = documents.keys()
  if (documents.size > DOCUMENTS && oldest !== undefined) documents.delete(oldest)
  return known
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

function asDocument(html: string, path: string): Rendered {
  const headers = documentHeaders(html)
  const own = headers['content-security-policy'] ?? ''
  const framing = FRAMING.includes(path) ? `${own}; frame-src 'self'` : own
  const policy = REACHING.includes(path)
    ? framing.replace("connect-src 'self'", "connect-src 'self' http: https: ws: wss:")
    : framing
  return { headers: { ...headers, 'content-security-policy': policy }, body: html }
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
  // The file may contain CRLF, which Git writes on Windows. A browser turns CRLF into LF before it computes the hash.
  const maps = importMaps(html.replaceAll('\r\n', '\n'))
  return [
    "default-src 'none'",
    ["script-src 'self'", ...maps.map((map) => `'sha256-${sha256(map)}'`)].join(' '),
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

function asFile(text: string, path: string): Rendered {
  return { headers: headersFor(path), body: forBrowser(text, path) }
}

async function asSource(text: string, path: string): Promise<Rendered> {
  return {
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(await highlight(path, text)),
  }
}
