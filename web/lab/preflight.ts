/**
 * Finds out which transports a network lets through: a short poll, a held poll, an event stream and a WebSocket, all at
 * the same time. The server's routes at `/between` behave like the transports, so that nobody has to sign in first, and
 * so that a page of another origin can ask too.
 */
import type { BetweenAnswer } from '../../server/protocol/between.ts'
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Preflight } from '../../server/protocol/show.ts'
import { now } from '../now.ts'
import { withinDeadline } from '../transports/deadline.ts'

export interface Between {
  readonly found: readonly Preflight[]
  /**
   * What answered. `fourwire`: a Fourwire of this version. `other`: something that is not a Fourwire. `nothing`: no
   * response that this page may read.
   */
  readonly server:
    | { readonly is: 'fourwire'; readonly version: string; readonly refuses: string | null }
    | { readonly is: 'other' | 'nothing' }
}

/** Transports of the preflight, from the simplest one to the one that a network refuses most often. */
export const CHECKED = ['short-poll', 'long-poll', 'sse', 'ws'] as const satisfies readonly TransportName[]

/** The server holds the held poll for this time. Its `ms` tells how long it was held, and not how late it was. */
export const HELD_MS = 2000

/** Time limit of the whole preflight. The held poll takes two seconds and a round trip. */
const PREFLIGHT_MS = 4000

/** Two events that were sent one second apart were held back if they arrive closer together than this. */
const TOGETHER_MS = 500

/** No response of a Fourwire to the preflight is longer. */
const MOST_CHARACTERS = 64 * 1024

/** A person may send the report with the version to others, so it must not contain any other text. */
const VERSION = /^[\w.+-]{1,40}$/

type Finding = Omit<Preflight, 'transport'>
const NO_ANSWER: Finding = { found: 'no answer' }

/**
 * Runs the preflight against the server at `origin`. Never rejects, and takes at most `PREFLIGHT_MS`. `from`: origin of
 * this page, so that the server can say whether it refuses the page.
 */
export async function preflight(origin: string, from: string): Promise<Between> {
  let server: Between['server'] = { is: 'nothing' }
  const query = `?from=${encodeURIComponent(from)}`
  const probes: Record<(typeof CHECKED)[number], (signal: AbortSignal) => Promise<Finding>> = {
    'short-poll': async (signal) => {
      const response = await fetch(`${origin}/between/poll${query}`, { cache: 'no-store', signal })
      server = await serverOf(response)
      return statusFinding(response)
    },
    'long-poll': async (signal) => {
      const response = await fetch(`${origin}/between/hold${query}`, { cache: 'no-store', signal })
      await textOf(response)
      return statusFinding(response)
    },
    sse: (signal) => probeStream(`${origin}/between/sse`, signal),
    ws: (signal) => probeSocket(`${origin.replace(/^http/, 'ws')}/between/ws`, signal),
  }
  const found = await Promise.all(
    CHECKED.map(async (transport): Promise<Preflight> => {
      const sentAtMs = now()
      const finding = await withinDeadline(PREFLIGHT_MS, probes[transport]).catch(() => NO_ANSWER)
      return { transport, ...(finding.found === 'works' && { ms: Math.round(now() - sentAtMs) }), ...finding }
    }),
  )
  return { found: judged(found), server }
}

async function serverOf(response: Response): Promise<Between['server']> {
  const body: Partial<Record<keyof BetweenAnswer, unknown>> | null = await textOf(response)
    .then(JSON.parse)
    .catch(() => null)
  if (typeof body?.fourwire !== 'string' || !VERSION.test(body.fourwire)) return { is: 'other' }
  return { is: 'fourwire', version: body.fourwire, refuses: typeof body.refuses === 'string' ? body.refuses : null }
}

/** Returns the beginning of the response. The page asks any server, and a response may be endless. */
async function textOf({ body }: Response): Promise<string> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (text.length <= MOST_CHARACTERS) {
    const part = await reader?.read()
    if (part?.value === undefined) return text
    text += part.value
  }
  await reader?.cancel()
  return text
}

const statusFinding = ({ ok, status }: Response): Finding => (ok ? { found: 'works' } : { found: 'refused', status })

/** Reads the stream with `fetch`, because an EventSource does not report the status of a refusal. */
async function probeStream(url: string, signal: AbortSignal): Promise<Finding> {
  const sentAtMs = now()
  const response = await fetch(url, { cache: 'no-store', signal, headers: { accept: 'text/event-stream' } })
  if (!response.ok || !response.body) return { found: 'refused', status: response.status }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  let firstAtMs: number | null = null
  for (;;) {
    const { value = '', done } = await reader.read()
    text += value
    firstAtMs ??= text.includes('data: 1') ? now() : null
    if (text.includes('data: 2') && firstAtMs !== null) {
      await reader.cancel()
      return now() - firstAtMs < TOGETHER_MS
        ? { found: 'held' }
        : { found: 'works', ms: Math.round(firstAtMs - sentAtMs) }
    }
    if (done) return NO_ANSWER
    if (text.length > MOST_CHARACTERS) {
      await reader.cancel()
      return NO_ANSWER
    }
  }
}

/** A browser does not tell why a WebSocket failed. So `judged` decides between a refusal and no answer. */
function probeSocket(url: string, signal: AbortSignal): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url)
    let wasOpen = false
    const end = (finding: Finding): void => {
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close()
      resolve(finding)
    }
    socket.onopen = () => {
      wasOpen = true
      socket.send('ping')
    }
    socket.onmessage = () => end({ found: 'works' })
    socket.onclose = () => end(wasOpen ? NO_ANSWER : { found: 'refused' })
    signal.addEventListener('abort', () => end(NO_ANSWER))
  })
}

/** If the server answers no request at all, a WebSocket that fails was not refused: nothing is there. */
function judged(found: readonly Preflight[]): readonly Preflight[] {
  const isReached = found.some(({ found, status }) => found === 'works' || status !== undefined)
  return isReached ? found : found.map(({ transport }) => ({ transport, ...NO_ANSWER }))
}
