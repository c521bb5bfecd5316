/** Helpers for the checks of a client that uses `fetch`: the check decides the responses, and moves the client's clock. */
import type { AskedRequest, FakeHttp } from './fake-http.ts'
import { Unclear, Wrong } from './finding.ts'
import type { Hint } from './finding.ts'
import type { SentRequest } from './hosted/message.ts'
import type { Trial } from './trial.ts'

/** Steps in which the client's clock moves. */
const STEP_MS = 250

/** A client that sends no request within this time has stopped asking. */
const LONG_MS = 12_000

/** The requests of this check's client, by its own clock. */
export async function sentBy(trial: Trial): Promise<readonly SentRequest[]> {
  const { requests } = await trial.clients()
  return requests.filter(({ room }) => room === trial.room)
}

/** Ids of the events that the page got, in order. */
async function deliveredBy(trial: Trial): Promise<readonly string[]> {
  const { delivered } = await trial.clients()
  return (delivered[trial.room] ?? []).map(({ id }) => String(id))
}

/** Resolves when the client has done everything that it does without a further response and without time. */
export async function settle(trial: Trial): Promise<void> {
  for (let i = 0; i < 5; i++) await trial.clients()
}

/** Requests that the server has received, as lines. */
const text = ({ requests }: FakeHttp): string =>
  requests
    .map(({ asked, lastEventId }) => `${asked}${lastEventId === null ? '' : `, Last-Event-ID: ${lastEventId}`}`)
    .join('\n')

/** Throws `Wrong` for the last request that the server has received. */
export function wrong(far: FakeHttp, saw: string, wanted: string, hint: string | Hint): never {
  const bytes = text(far)
  throw new Wrong({ saw, bytes, at: bytes.lastIndexOf('\n') + 1, wanted, hint })
}

/** Moves the client's clock until its nth request is here. Throws `Wrong` with this hint if it does not come. */
export async function nth(
  trial: Trial,
  far: FakeHttp,
  n: number,
  saw: string,
  hint: string | Hint,
): Promise<AskedRequest> {
  const isSent = async () => (await sentBy(trial)).length >= n
  await settle(trial)
  for (let passedMs = 0; passedMs < LONG_MS && !(await isSent()); passedMs += STEP_MS) {
    await trial.tick(STEP_MS)
    await settle(trial)
  }
  if (!(await isSent())) {
    const bytes = text(far)
    throw new Wrong({ saw, bytes: `${bytes}\n`, at: bytes.length + 1, wanted: 'another request', hint })
  }
  const request = await trial.until('the request has arrived', () => far.requests[n - 1]).catch(() => null)
  if (request) return request
  const { url, endedAtMs } = (await sentBy(trial))[n - 1] ?? { url: '', endedAtMs: null }
  if (endedAtMs === null) throw new Unclear('The request has not arrived.')
  const said = 'The client called fetch, but no request came to the server. The address was:'
  throw new Wrong({ saw: said, bytes: url, at: 0, wanted: `${far.origin}/\u2026`, hint: ELSEWHERE })
}

const ELSEWHERE: Hint = [
  'The client called `fetch`, and the request did not reach the server.',
  'Look at the address that you pass to `fetch`. Does it begin with the origin of the target?',
  'A client gets the origin of its server. It may be the origin of the page, or that of another server.',
]

/** Resolves when the client has the response to its nth request. */
export async function answered(trial: Trial, n: number): Promise<void> {
  await trial.until('the client has the response', async () => {
    const request = (await sentBy(trial))[n - 1]
    return request !== undefined && request.endedAtMs !== null
  })
  await settle(trial)
}

/** Pause in ms between the response to the nth request and the request after it. */
export async function pauseAfter(trial: Trial, n: number): Promise<number> {
  const sent = await sentBy(trial)
  return (sent[n]?.askedAtMs ?? NaN) - (sent[n - 1]?.endedAtMs ?? NaN)
}

/** Throws `Wrong` unless the page got the events with these ids, once each and in this order. */
export async function expectDelivered(
  trial: Trial,
  far: FakeHttp,
  wanted: readonly string[],
  saw: string,
  hints: Hints,
): Promise<void> {
  await trial
    .until('everything is delivered', async () => (await deliveredBy(trial)).length >= wanted.length)
    .catch(() => null)
  await settle(trial)
  const found = await deliveredBy(trial)
  const at = Array.from({ length: Math.max(found.length, wanted.length) }, (_, i) => i).find(
    (i) => found[i] !== wanted[i],
  )
  if (at === undefined) return
  const head = `${text(far)}\n\npage received: `
  const bytes = `${head}${found.join(' ')}`
  const place = head.length + found.slice(0, at).join(' ').length + (at > 0 && at < found.length ? 1 : 0)
  const isDoubled = new Set(found).size < found.length
  const isSame = found.toSorted().join() === wanted.toSorted().join()
  const hint = isDoubled ? hints.doubled : isSame ? hints.order : hints.lost
  throw new Wrong({ saw, bytes, at: place, wanted: wanted[at] ?? 'nothing more', hint })
}

interface Hints {
  readonly lost: string
  readonly doubled: string
  readonly order: string
}

/** Throws `Wrong` if the client has called `fetch` more often. A call whose signal is aborted already sends nothing. */
export async function expectNoMore(trial: Trial, calls: number, saw: string, hint: string): Promise<void> {
  const lines = (await sentBy(trial)).map(({ url }) => `GET ${url.replace(/^http:\/\/[^/]+/, '')}`)
  if (lines.length <= calls) return
  const bytes = lines.slice(0, calls + 1).join('\n')
  throw new Wrong({ saw, bytes, at: bytes.lastIndexOf('\n') + 1, wanted: 'nothing more', hint })
}

/** Throws `Wrong` if the program still has timers. To be called when all its clients were stopped, and their pauses are over. */
export async function expectNoTimers(trial: Trial, hint: string): Promise<void> {
  const count = await trial.timers()
  if (count === 0) return
  const bytes = `timers that still run: ${count}`
  const saw = 'Every client was stopped, and a long time has passed:'
  throw new Wrong({ saw, bytes, at: bytes.length - String(count).length, wanted: '0', hint })
}
