/** Sends files that are rendered and compressed once. A client that has the current version gets 304. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A text file, ready to be sent. */
export interface Rendered {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One response in two variants: for clients that accept gzip, and for all others. */
interface Variants {
  readonly plain: Variant
  /** Null if the body is too small to be worth compressing. */
  readonly gzipped: Variant | null
}

interface Variant {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/**
 * Returns a function that renders a file once for each version on disk. The time of change and the size identify a
 * version. The function returns undefined if the path is not a file.
 */
export function rendering(render: (text: string, path: string) => Rendered | Promise<Rendered>) {
  const kept = new Map<string, { state: string; variants: Variants }>()
  return async (folder: string, path: string): Promise<Variants | undefined> => {
    const file = join(folder, path)
    const stats = await stat(file).catch(() => undefined)
    if (!stats?.isFile()) return undefined
    const state = `${stats.mtimeMs}-${stats.size}`
    const known = kept.get(file)
    if (known?.state === state) return known.variants
    const variants = await variantsOf(await render(await readFile(file, 'utf8'), path))
    kept.set(file, { state, variants })
    return variants
  }
}

/** A body below this size fits into one packet with its head, compressed or not. */
const SMALL_BYTES = 1000

const compress = promisify(gzip)

/** Creates both variants. An ETag identifies bytes, so each variant has its own (RFC 9110, section 8.8.3.3). */
async function variantsOf({ headers, body }: Rendered): Promise<Variants> {
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
 * Sends the variant that the client accepts, or 304 if the client has it already. Sends the app's 404 if `variants` is
 * undefined.
 */
export function send(request: FastifyRequest, reply: FastifyReply, variants: Variants | undefined): FastifyReply {
  if (variants === undefined) return notFound(reply)
  const { plain, gzipped } = variants
  const { headers, body } = gzipped && takesGzip(request.headers['accept-encoding']) ? gzipped : plain
  reply.headers({ ...headers, ...FRESH })
  return isKnown(request, headers['etag']) ? reply.code(304).send() : reply.send(body)
}

/**
 * Makes the browser ask on every load; the usual response is 304. The URLs contain no version. If responses had a
 * lifetime, a student's browser would still run old code after a `git pull` or `npm ci`.
 */
export const FRESH = { 'cache-control': 'no-cache' }

export function notFound(reply: FastifyReply): FastifyReply {
  reply.callNotFound()
  return reply
}

/**
 * Returns true if the client accepts gzip (RFC 9110, section 12.5.3). Returns false if there is no Accept-Encoding
 * field, because not every such client can decompress.
 */
function takesGzip(accepted = ''): boolean {
  const codings = accepted
    .toLowerCase()
    .split(',')
    .map((coding) => coding.replace(/\s/g, ''))
  const coding = codings.find((name) => /^gzip(;|$)/.test(name)) ?? codings.find((name) => name.startsWith('*'))
  return coding !== undefined && !/;q=0(\.0*)?$/.test(coding)
}

/** Returns true if If-None-Match contains this ETag. The comparison is weak (RFC 9110, section 13.1.2). */
function isKnown(request: FastifyRequest, etag = ''): boolean {
  const tags = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(etag)
}
