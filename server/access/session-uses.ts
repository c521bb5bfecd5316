/** Finds out which session has been unused for longest, in all processes together. */
import type { Peers } from '../peers/peers.ts'

/** Number of sessions about which a process asks the others at once. */
const SESSIONS_AT_ONCE = 50

const TOPIC = 'session uses'

export interface SessionUse {
  readonly hash: string
  /** Time since the last use in this process. 0 if the session has an open connection. */
  readonly unusedMs: number
}

/**
 * Answers the questions of other processes about sessions. `unusedMsOf` returns null if this process does not know the
 * session.
 */
export function answerUses(peers: Peers, unusedMsOf: (hash: string) => number | null): void {
  peers.answer(TOPIC, (hashes) => (hashes as readonly string[]).map(unusedMsOf))
}

/**
 * Returns the hash of the session that has been unused for longest. Skips sessions with an open connection. Asks the
 * other processes first about the sessions that this process has not used for longest.
 */
export async function longestUnused(peers: Peers, uses: readonly SessionUse[]): Promise<string | undefined> {
  const byUse = uses.filter(({ unusedMs }) => unusedMs > 0).toSorted((one, other) => other.unusedMs - one.unusedMs)
  for (let i = 0; i < byUse.length; i += SESSIONS_AT_ONCE) {
    const some = byUse.slice(i, i + SESSIONS_AT_ONCE)
    const answers = await peers.ask(
      TOPIC,
      some.map(({ hash }) => hash),
    )
    const everywhere = some.map(({ hash, unusedMs }, at) => ({
      hash,
      unusedMs: Math.min(unusedMs, ...answers.map(({ answer }) => unusedMsIn(answer, at))),
    }))
    const [longest] = everywhere.toSorted((one, other) => other.unusedMs - one.unusedMs)
    if (longest && longest.unusedMs > 0) return longest.hash
  }
  return undefined
}

function unusedMsIn(answer: unknown, at: number): number {
  const ms: unknown = Array.isArray(answer) ? answer[at] : null
  return typeof ms === 'number' ? ms : Infinity
}
