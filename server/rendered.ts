/** Files as they go out: rendered and compressed once, marked, and sent no second time to whom has them. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A file of text as it goes out. */
export interface Rendered {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The same for those who take gzip, and for all others. */
interface Variants {
  readonly plain: Variant
  /** Null for a small one. */
  readonly gzipped: Variant | null
}

interface Variant {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/**
 * Renders a file once for every state of it on disk, told by its time of change and its size.
 * Answers undefined for what is no file.
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

/** It goes with its head in one packet either way. */
const SMALL_BYTES = 1000

const compress = promisify(gzip)

/** An ETag names bytes, not what they mean, so that each variant has its own (RFC 9110, section 8.8.3.3). */
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

/** Sends what the client takes and has not got yet; what is no file gets the app's own 404. */
export function send(request: FastifyRequest, reply: FastifyReply, variants: Variants | undefined): FastifyReply {
  if (variants === undefined) return notFound(reply)
  const { plain, gzipped } = variants
  const { headers, body } = gzipped && takesGzip(request.headers['accept-encoding']) ? gzipped : plain
  reply.headers({ ...headers, ...FRESH })
  return isKnown(request, headers['etag']) ? reply.code(304).send() : reply.send(body)
}

/**
 * Ask every time, answered by 304. No address carries a version, so with a lifetime a student's
 * browser would go on running the old code after a `git pull` or `npm ci`.
 */
export const FRESH = { 'cache-control': 'no-cache' }

export function notFound(reply: FastifyReply): FastifyReply {
  reply.callNotFound()
  return reply
}

/** RFC 9110, section 12.5.3. Who says nothing gets it plain: not every client that may take it can read it. */
function takesGzip(accepted = ''): boolean {
  const codings = accepted
    .toLowerCase()
    .split(',')
    .map((coding) => coding.replace(/\s/g, ''))
  const coding = codings.find((name) => /^gzip(;|$)/.test(name)) ?? codings.find((name) => name.startsWith('*'))
  return coding !== undefined && !/;q=0(\.0*)?$/.test(coding)
}

/** If-None-Match, compared weakly (RFC 9110, section 13.1.2). */
function isKnown(request: FastifyRequest, etag = ''): boolean {
  const tags = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(etag)
}
