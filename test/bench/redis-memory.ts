/** Stores events in Redis by the server's own log, and measures the memory that Redis uses for them. */
import { redisLog } from '../../server/redis/redis-log.ts'
import type { MeasuredRedis } from './redis-processes.ts'

/** As many events as a server keeps of a room. */
const EVENTS = 10_000
const ROOMS = 2000
const AT_ONCE = 500

/** Returns the bytes of memory for each event with a text of `bytes` bytes. `keyed`: with an idempotency key. */
export async function measureEvents(redis: MeasuredRedis, bytes: number, keyed: boolean): Promise<number> {
  redis.command('flushall')
  const log = await redisLog(redis.url)
  try {
    const before = usedBytes(redis)
    await inTurns(EVENTS, (i) =>
      log.append('bench', draftOf(bytes), keyed ? `key-${String(i).padStart(16, '0')}` : undefined),
    )
    return (usedBytes(redis) - before) / EVENTS
  } finally {
    await log.close()
  }
}

/** Returns the bytes of memory for each room that has one event with a text of 100 bytes. */
export async function measureRooms(redis: MeasuredRedis): Promise<number> {
  redis.command('flushall')
  const log = await redisLog(redis.url)
  try {
    const before = usedBytes(redis)
    await inTurns(ROOMS, (i) => log.append(`bench-${i}`, draftOf(100)))
    return (usedBytes(redis) - before) / ROOMS
  } finally {
    await log.close()
  }
}

/** Returns the memory of a Redis that has no room. */
export function emptyBytes(redis: MeasuredRedis): number {
  redis.command('flushall')
  return usedBytes(redis)
}

const draftOf = (bytes: number) => ({ type: 'message', user: 'Ada', text: 'x'.repeat(bytes) }) as const

async function inTurns(count: number, append: (i: number) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - i) }, (_, j) => append(i + j)))
}

const usedBytes = (redis: MeasuredRedis): number =>
  Number(/used_memory:(\d+)/.exec(redis.command('info', 'memory'))?.[1])
