import { broadcast } from './broadcast.ts'
import { bytesPerUpdate } from './bytes-per-update.ts'
import type { Claim } from './claim.ts'
import { connections } from './connections.ts'
import { halfInterval } from './half-interval.ts'
import { shootout } from './shootout.ts'
import { sseAgainstWs } from './sse-against-ws.ts'
import { tenSeconds } from './ten-seconds.ts'

/** All claims, by their numbers. */
export const CLAIMS: readonly Claim[] = [
  bytesPerUpdate,
  broadcast,
  shootout,
  halfInterval,
  sseAgainstWs,
  connections,
  tenSeconds,
]
