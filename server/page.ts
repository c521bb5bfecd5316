import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { highlight } from './source.ts'

/** For every response of this server, whatever it carries. */
export const GENERAL_HEADERS: Record<string, string> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/** For documents: their own process, and with it a clock of 5 µs instead of 100 µs where the address is trustworthy. */
const DOCUMENT_HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

const REPOSITORY = join(import.meta.dirname, '..')
const MODULES = join(REPOSITORY, 'node_modules')

// A path is a list of plain names with a known ending. What is tested has been decoded, so that no
// way of writing `..`, a dot-file, a slash or a device gets past.
const PAGE_FILE = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.(?:html|css|ts|svg|png|woff2)$/
const SOURCE_FILE = /^(?:server|web)\/(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.ts$/
/** Lit's production files, which lie at the top of each package; `development/` and `node/` beside them are not for browsers. */
const VENDORED = /^(?:lit|lit-html|lit-element|@lit\/reactive-element)\/(?:(?:directives|decorators)\/)?[\w-]+\.js$/

/**
 * Serves the files of `web/` as they are: no build, only the types blanked out on the way. Beside
 * them the browser modules under `/vendor/`, and under `/source/` the code that runs, coloured.
 * What is not there, or not for reading, gets the app's own 404.
 * `root`: the folder that holds `web/` and `server/`; default: this repository.
 */
export async function page(app: FastifyInstance, { root = REPOSITORY }: { root?: string } = {}): Promise<void> {
  await app.register(fastifyStatic, { serve: false })
  const web = join(root, 'web')
  const document = rendering(asDocument)
  const script = rendering(asScript)
  const module = rendering(asModule)
  const source = rendering(asSource)

  get(app, '/*', async (request, reply) => {
    const path = request.params['*'] || 'index.html'
    if (!PAGE_FILE.test(path)) return notFound(reply)
    if (path.endsWith('.html')) return send(request, reply, await document(web, path))
    if (path.endsWith('.ts')) return send(request, reply, await script(web, path))
    return sendAsItIs(reply, web, path)
  })

  get(app, '/vendor/*', async (request, reply) => {
    const path = request.params['*']
    const dist = join(MODULES, 'uplot/dist')
    if (path === 'uplot/uPlot.js') return send(request, reply, await module(dist, 'uPlot.iife.min.js'))
    if (path === 'uplot/uPlot.min.css') return sendAsItIs(reply, dist, 'uPlot.min.css')
    return VENDORED.test(path) ? sendAsItIs(reply, MODULES, path) : notFound(reply)
  })

  get(app, '/source/*', async (request, reply) => {
    const path = request.params['*']
    return SOURCE_FILE.test(path) ? send(request, reply, await source(root, path)) : notFound(reply)
  })
}

interface FileRequest {
  Params: { '*': string }
}

/**
 * HEAD is named because the app adds it to no route by itself: a HEAD of a held poll would be held.
 * Files are no interface, and stay out of the OpenAPI document.
 */
function get(
  app: FastifyInstance,
  url: string,
  handler: (request: FastifyRequest<FileRequest>, reply: FastifyReply) => Promise<FastifyReply>,
): void {
  app.route<FileRequest>({ method: ['GET', 'HEAD'], url, schema: { hide: true }, handler })
}

/** A file as it goes out. */
interface Rendered {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Renders a file once for every state of it on disk, told by its time of change and its size, and
 * marks it with an ETag. Answers undefined for what is no file.
 */
function rendering(render: (text: string, path: string) => Rendered | Promise<Rendered>) {
  const kept = new Map<string, { state: string; rendered: Rendered }>()
  return async (folder: string, path: string): Promise<Rendered | undefined> => {
    const file = join(folder, path)
    const stats = await stat(file).catch(() => undefined)
    if (!stats?.isFile()) return undefined
    const state = `${stats.mtimeMs}-${stats.size}`
    const known = kept.get(file)
    if (known?.state === state) return known.rendered
    const rendered = withETag(await render(await readFile(file, 'utf8'), path))
    kept.set(file, { state, rendered })
    return rendered
  }
}

function withETag({ headers, body }: Rendered): Rendered {
  return { headers: { ...headers, etag: `"${sha256(body).slice(0, 27)}"` }, body }
}

function asDocument(html: string): Rendered {
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(html),
      ...DOCUMENT_HEADERS,
    },
    body: html,
  }
}

/**
 * Nothing but this server's own files runs, is shown or is spoken to. The one script inside the
 * document is its import map, let in by its hash; the one maker of HTML from strings is Lit.
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
  // A browser hashes what its parser has made of the lines' ends, and Git may have written CRLF.
  const text = html.replaceAll('\r\n', '\n')
  return Array.from(text.matchAll(/<script type="importmap">(.*?)<\/script>/gs), ([, map = '']) => map)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

/** Types become spaces: lines and columns in DevTools are those of the repository. */
function asScript(text: string, path: string): Rendered {
  try {
    return { headers: SCRIPT, body: quietly(() => stripTypeScriptTypes(text)) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`web/${path} cannot be freed of its types: ${reason}. See where: node_modules/.bin/tsc -p web`, {
      cause,
    })
  }
}

const SCRIPT = { 'content-type': 'text/javascript; charset=utf-8' }

/**
 * Node warns once that its stripping is experimental, which the design has taken into account and a
 * student should not have to wonder about. The call is synchronous: no other warning can be lost in it.
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
 * uPlot is minified (51 kB) only as a classic script that leaves one variable; its ES module is
 * 145 kB, a third of what the whole page may weigh. In a module that variable is the module's own.
 */
function asModule(text: string): Rendered {
  return { headers: SCRIPT, body: `${text}\nexport default uPlot\n` }
}

async function asSource(text: string, path: string): Promise<Rendered> {
  return {
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(await highlight(path, text)),
  }
}

function send(request: FastifyRequest<FileRequest>, reply: FastifyReply, file: Rendered | undefined): FastifyReply {
  if (file === undefined) return notFound(reply)
  reply.headers({ ...file.headers, ...FRESH })
  return isKnown(request, file) ? reply.code(304).send() : reply.send(file.body)
}

/**
 * Ask every time, answered by 304. No address carries a version, so with a lifetime a student's
 * browser would go on running the old code after a `git pull` or `npm ci`.
 */
const FRESH = { 'cache-control': 'no-cache' }

/** If-None-Match, compared weakly (RFC 9110, section 13.1.2). */
function isKnown(request: FastifyRequest<FileRequest>, file: Rendered): boolean {
  const tags = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(file.headers.etag ?? '')
}

function sendAsItIs(reply: FastifyReply, folder: string, path: string): FastifyReply {
  return reply.headers(FRESH).sendFile(path, folder, { cacheControl: false })
}

function notFound(reply: FastifyReply): FastifyReply {
  reply.callNotFound()
  return reply
}
