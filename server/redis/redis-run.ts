/**
 * The runs of Redis. Events of a room are certain only during one run: another run may have lost some. A run ends when
 * Redis ends, and also when a replica takes over from its master. All processes must name a run alike, so the first one
 * that meets a run chooses its name, and keeps the name in Redis.
 *
 * The id that Redis itself gives is not enough: after two failovers, a master can come back with the same id, but
 * without the events that were never copied to the other master.
 */
import type { Redis } from 'ioredis'
import { newEpoch } from '../feed/cursor.ts'
import { LAYOUT, LAYOUT_KEY } from './redis-scripts.ts'

const RUN_KEY = 'fourwire:run'

/**
 * Returns the name of the run. KEYS: the layout and the name. ARGV: the id of the run, the name that a new run gets, and
 * the layout. Writes only if this is necessary, because a Redis whose memory is full refuses writes, but can be read.
 */
const CLAIM = `
if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(ARGV[3]) then redis.call('SET', KEYS[1], ARGV[3]) end
local name = redis.call('GET', KEYS[2])
if name and string.sub(name, 1, #ARGV[1]) == ARGV[1] then return name end
redis.call('SET', KEYS[2], ARGV[2])
return ARGV[2]
`

/** Returns the name of the run of Redis that has this id. The name begins with the id. */
export async function claimRun(client: Redis, id: string): Promise<string> {
  return String(await client.eval(CLAIM, 2, LAYOUT_KEY, RUN_KEY, id, `${id}-${newEpoch()}`, LAYOUT))
}

/**
 * Checks whether a connected Redis still has the data of this run and can be written. `emptied`: its data was deleted.
 * `replaced`: it has other data, or belongs to a later Fourwire, or is a replica now.
 */
export async function isChanged(client: Redis, run: string): Promise<'emptied' | 'replaced' | null> {
  const [layout, name] = await client.mget(LAYOUT_KEY, RUN_KEY)
  const [role] = await client.role()
  if (role !== 'master') return 'replaced'
  if (layout === null) {
    // If another process has written both keys in the meantime, the next check finds its name.
    await client.msetnx(LAYOUT_KEY, LAYOUT, RUN_KEY, run)
    return 'emptied'
  }
  return Number(layout) === LAYOUT && name === run ? null : 'replaced'
}
