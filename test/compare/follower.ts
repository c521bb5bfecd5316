/** The process that has started this program over a channel, such as a server, and that follows the comparison. */
import type { ComparisonNews } from '../../server/protocol/comparison.ts'

/** Sends news to the follower. Resolves when the news is sent, and at once without a follower. */
export function tellFollower(news: ComparisonNews): Promise<void> {
  return new Promise((resolve) => {
    if (process.send && process.connected) process.send(news, () => resolve())
    else resolve()
  })
}

/** Calls `end` when the follower has ended, even if it was killed. Without a follower, never calls it. */
export function endWithFollower(end: () => void): void {
  if (!process.send) return
  process.on('disconnect', end)
  // The follower may have ended before this program could listen.
  if (!process.connected) end()
}
