import { stripTypeScriptTypes } from 'node:module'
import { extname, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FRESH, notFound, rendering, send, sha256 } from './rendered.ts'
import type { Rendered } from './rendered.ts'
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

export const REPOSITORY = join(import.meta.dirname, '..')
const MODULES = join(REPOSITORY, 'node_modules')

// A path is a list of plain names with a known ending. What is tested has been decoded, so that no
// way of writing `..`, a dot-file, a slash or a device gets past.
const PAGE_FILE = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.(?:html|css|ts|svg|png|woff2)$/
/** Such a file is compressed in itself. */
const COMPRESSED_FILE = /\.(?:png|woff2)$/
/** Pages whose address is not their file's name. */
const PAGES = new Map([
  ['', 'index.html'],
  ['board', 'board.html'],
  ['chat', 'chat.html'],
  ['choose', 'choose.html'],
])
/** Frames, which are pages only when they are filled (lessons/serve.ts, nothing.ts). */
const FRAMES = ['lesson.html', 'nothing.html']
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
  const text = rendering(asItIs)
  const source = rendering(asSource)

  get(app, '/*', async (request, reply) => {
    const path = PAGES.get(request.params['*']) ?? request.params['*']
    if (!PAGE_FILE.test(path) || FRAMES.includes(path)) return notFound(reply)
    if (COMPRESSED_FILE.test(path)) return reply.headers(FRESH).sendFile(path, web, { cacheControl: false })
    if (path.endsWith('.html')) return send(request, reply, await document(web, path))
    if (path.endsWith('.ts')) return send(request, reply, await script(web, path))
    return send(request, reply, await text(web, path))
  })

  get(app, '/vendor/*', async (request, reply) => {
    const path = request.params['*']
    const dist = join(MODULES, 'uplot/dist')
    if (path === 'uplot/uPlot.js') return send(request, reply, await module(dist, 'uPlot.iife.min.js'))
    if (path === 'uplot/uPlot.min.css') return send(request, reply, await text(dist, 'uPlot.min.css'))
    return VENDORED.test(path) ? send(request, reply, await text(MODULES, path)) : notFound(reply)
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

function asDocument(html: string): Rendered {
  return { headers: documentHeaders(html), body: html }
}

/** `spokenTo`: origins besides this server's own. */
export function documentHeaders(html: string, spokenTo: readonly string[] = []): Rendered['headers'] {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(html, spokenTo),
    ...DOCUMENT_HEADERS,
  }
}

/**
 * Nothing but this server's own files runs, is shown or is spoken to. The one script inside the
 * document is its import map, let in by its hash; the one maker of HTML from strings is Lit.
 */
function contentSecurityPolicy(html: string, spokenTo: readonly string[]): string {
  return [
    "default-src 'none'",
    ["script-src 'self'", ...importMaps(html).map((map) => `'sha256-${sha256(map)}'`)].join(' '),
    "style-src 'self'",
    "img-src 'self' data:",
    ["connect-src 'self'", ...spokenTo].join(' '),
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
