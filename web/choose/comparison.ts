/**
 * Follows the comparison that the instructor can start on the server's machine. This file draws nothing. The page polls,
 * because a stream would occupy one of the six connections that the browser has for the lanes.
 */
import type { ComparisonState, MeasuredWorkload } from '../../server/protocol/comparison.ts'
import type { Problem } from '../../server/protocol/feed.ts'

export interface ComparisonLine {
  /** Null until the server has sent a state. */
  readonly state: ComparisonState | null
  /** A sentence about the last request that failed; null if it has succeeded. */
  readonly trouble: string | null
  /** True while the server has not answered a start or a cancellation. */
  readonly isPending: boolean
  /** Time of the start of the latest comparison that this page has seen running; null if it has seen none. */
  readonly seenAtMs: number | null
  start(workload: MeasuredWorkload): void
  cancel(): void
  stop(): void
}

const RUNNING_MS = 1000
const IDLE_MS = 5000

const NO_ANSWER = 'The server does not answer. The page tries again.'

/** Opens the line, and calls `changed` after each change. */
export function followComparison(origin: string, changed: () => void): ComparisonLine {
  const url = `${origin}/comparison`
  const ending = new AbortController()
  let state: ComparisonState | null = null
  let trouble: string | null = null
  let isPending = false
  let seenAtMs: number | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  /** A response that was requested before an act must not replace the state after the act. */
  let acts = 0
  void look()

  return {
    get state() {
      return state
    },
    get trouble() {
      return trouble
    },
    get isPending() {
      return isPending
    },
    get seenAtMs() {
      return seenAtMs
    },
    start: (workload) =>
      void act('POST', { headers: { 'content-type': 'application/json' }, body: JSON.stringify(workload) }),
    cancel: () => void act('DELETE', {}),
    stop() {
      clearTimeout(timer)
      ending.abort()
    },
  }

  async function look(): Promise<void> {
    clearTimeout(timer)
    const before = acts
    try {
      const response = await fetch(url, { cache: 'no-store', signal: ending.signal })
      if (!response.ok) throw new Error(await sentenceOf(response))
      const next: ComparisonState = await response.json()
      if (before !== acts) return
      if (trouble === NO_ANSWER) trouble = null
      state = next
      seenAtMs = next.running?.startedAtMs ?? seenAtMs
    } catch (error) {
      if (ending.signal.aborted) return
      trouble ??= error instanceof TypeError ? NO_ANSWER : String(error instanceof Error ? error.message : error)
    }
    timer = setTimeout(() => void look(), state?.running ? RUNNING_MS : IDLE_MS)
    changed()
  }

  async function act(method: string, init: RequestInit): Promise<void> {
    if (isPending) return
    isPending = true
    trouble = null
    acts += 1
    changed()
    try {
      const response = await fetch(url, { method, ...init, signal: ending.signal })
      if (!response.ok) trouble = await sentenceOf(response)
    } catch {
      trouble = NO_ANSWER
    }
    isPending = false
    await look()
  }
}

async function sentenceOf(response: Response): Promise<string> {
  const { detail, remedy }: Problem = await response.json()
  return `${detail} ${remedy}`
}
