/** A test of the metrics of two servers that share a real Redis. */
import { expect, test } from 'vitest'
import { redisLog } from '../../../server/redis/redis-log.ts'
import { HAS_REDIS, testRedis } from '../../redis.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

const PUBLISHES = /^fourwire_publishes_total\{result="accepted",process="(\d+)"\} (\d+)$/gm

test.skipIf(!HAS_REDIS)(
  'each process returns the metrics of all, each with its number, and none of a process that ended',
  async () => {
    await using redis = await testRedis()
    const logs = [await redisLog(redis.url), await redisLog(redis.url)] as const
    const [one, other] = [await serve({ log: logs[0] }), await serve({ log: logs[1] })]
    try {
      await until('they know each other', () => logs.every(({ peers }) => peers?.others().length === 1))
      for (const text of ['1', '2', '3']) await one.publish(text)
      await other.publish('4')
      for (const { origin } of [one, other]) {
        const text = await (await fetch(`${origin}/metrics?of=all`)).text()
        const counts = [...text.matchAll(PUBLISHES)].map(([, process, count]) => `${process}: ${count}`).toSorted()
        expect(counts).toEqual(['1: 3', '2: 1'])
        expect(text.match(/^# TYPE fourwire_delivery_delay_seconds histogram$/gm)).toHaveLength(1)
        expect(text).toMatch(/^process_cpu_seconds_total\{process="2"\} /m)
      }
      expect((await fetch(`${one.origin}/metrics?of=some`)).status).toBe(400)
      await one.close()
      const left = await (await fetch(`${other.origin}/metrics?of=all`)).text()
      expect([...left.matchAll(PUBLISHES)].map(([, process]) => process)).toEqual(['2'])
    } finally {
      await Promise.all([one.close(), other.close()])
    }
  },
)
