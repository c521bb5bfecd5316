/**
 * Sends files. The server renders and compresses each version of a file only once. A client that already has the
 * current version gets status 304.
 */
import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A text file that is ready to be sent. */
export interface Rendered {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One response in two variants: `gzipped` for clients that accept gzip, and `plain` for all other clients. */
export interface Variants {
  readonly plain: Variant
  /** Null if the body is so small that compressing it is not worth the work. */
  readonly gzipped: Variant | null
}

interface Variant {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/**
 * Returns a function that renders each version of a file only once. The file's modification time and size identify the
 * version. The function returns undefined if there is no file at the path.
 */
export function rendering(render: (text: string, path: string) => Rendered | Promise<Rendered>) {
  const kept = new Map<string, { state: string; variants: Variants }>()
  return async (folder: string, path: string): Promise<Variants | undefined> => {
    const file = join(folder, path)
    const stats = await stat(file).catch(() => undefined)
    if (!stats?.isFile()) return undefined
    const state = stateOf(stats)
    const known = kept.get(file)
    if (known?.state === state) return known.variants
    const variants = await variantsOf(await render(await readFile(file, 'utf8'), path))
    kept.set(file, { state, variants })
    return variants
  }
}

/** Returns a text that identifies the version of a file: its modification time and its size. */
export function stateOf({ mtimeMs, size }: Pick<Stats, 'mtimeMs' | 'size'>): string {
  return `${mtimeMs}-${size}`
}

/** A body below this size fits into one packet together with the response's head, even without compression. */
const SMALL_BYTES = 1000

const compress = promisify(gzip)

/**
 * Creates the plain and the compressed variant of a response. An ETag identifies exact bytes, so each variant has its
 * own ETag (RFC 9110, section 8.8.3.3).
 */
export async function variantsOf({ headers, body }: Rendered): Promise<Variants> {
  const tag = sha256(body).slice(0, 27)
  const marked = (headers: Rendered['headers'], suffix = '') => ({ ...headers, etag: `"${tag}${suffix}"` })
  if (Buffer.byteLength(body) < SMALL_BYTES) return { plain: { headers: marked(headers), body }, gzipped: null }
  const varying = { ...headers, vary: 'accept-encoding' }
  return {
    plain: { headers: marked(varying), body },
    gzipped: {
      headers: marked({ ...varying, 'content-encoding': 'gzip' }, '-gzip'),
      body: await compress(body, { level: constants.Z_BEST_COMPRESSION }),
    },
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

/**
 * Sends the variant that the client accepts, or status 304 if the client already has this variant. If `variants` is
 * undefined, sends the app's 404 response. `caching`: `FRESH` or `LASTING`.
 */
export function send(
  request: FastifyRequest,
  reply: FastifyReply,
  variants: Variants | undefined,
  caching: Rendered['headers'] = FRESH,
): FastifyReply {
  if (variants === undefined) return notFound(reply)
  const { plain, gzipped } = variants
  const { headers, body } = gzipped && takesGzip(request.headers['accept-encoding']) ? gzipped : plain
  reply.headers({ ...headers, ...caching })
  return isKnown(request, headers['etag']) ? reply.code(304).send() : reply.send(body)
}

/**
 * Makes the browser ask the server on every load whether its copy is current. The server usually sends 304. The URLs
 * contain no version. So if responses had a lifetime, a student's browser would still run old code after a `git pull`
 * or `npm ci`.
 */
export const FRESH = { 'cache-control': 'no-cache' }

/** For addresses that contain a hash of the content. The browser never asks again, not even when a page is reloaded. */
export const LASTING = { 'cache-control': 'public, max-age=31536000, immutable' }

export function notFound(reply: FastifyReply): FastifyReply {
  reply.callNotFound()
  return reply
}

/**
 * Returns true if the client accepts gzip (RFC 9110, section 12.5.3). Returns false if the request has no
 * Accept-Encoding field, because some clients that omit the field cannot decompress.
 */
function takesGzip(accepted = ''): boolean {
  const codings = accepted
    .toLowerCase()
    .split(',')
    .map((coding) => coding.replace(/\s/g, ''))
  const coding = codings.find((name) => /^gzip(;|$)/.test(name)) ?? codings.find((name) => name.startsWith('*'))
  return coding !== undefined && !/;q=0(\.0*)?$/.test(coding)
}

/** Returns true if the If-None-Match field contains this ETag. The comparison is weak (RFC 9110, section 13.1.2). */
function isKnown(request: FastifyRequest, etag = ''): boolean {
  const tags = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(etag)
}
