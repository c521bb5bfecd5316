/** The suite of the show, at a process whose pages follow the show of another process. */
import { describe } from 'vitest'
import { redisLog } from '../../../server/redis/redis-log.ts'
import { HAS_REDIS, testRedis } from '../../redis.ts'
import { serve } from '../../serve.ts'
import type { Served, ServeOptions } from '../../serve.ts'
import { until } from '../../until.ts'
import { testShow } from './suite.ts'

const TIMES = { countsMs: 5, seatsMs: 5, saveMs: 5, driverGoneMs: 50 }

describe.skipIf(!HAS_REDIS)('at a process that does not run the show', () => testShow(openElsewhere))

async function openElsewhere(options: ServeOptions = {}): Promise<Served> {
  const redis = await testRedis()
  const open = async () => serve({ ...options, log: await redisLog(redis.url), times: { ...TIMES, ...options.times } })
  const host = await open()
  await until('it runs the show', () => redis.command('HGET', 'fourwire:{shared}:work:show', 'owner'))
  const other = await open()
  const close = async (): Promise<void> => {
    await other.close()
    await host.close()
    await redis[Symbol.asyncDispose]()
  }
  return { ...other, close, [Symbol.asyncDispose]: close }
}
