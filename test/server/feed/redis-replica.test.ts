import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { openConnection } from '../../../server/redis/redis-connection.ts'
import { until } from '../../until.ts'

test('a Redis that has become a replica is asked again and again, but only twice a second', async () => {
  const info = 'redis_version:7.0.15\r\nredis_mode:standalone\r\nloading:0\r\nrole:slave\r\nrun_id:0123456789abcdef\r\n'
  let connections = 0
  const redis = createServer((socket) => {
    connections += 1
    socket.on('error', () => {})
    // A command is an array of bulk strings, and each command begins with `*`.
    socket.on('data', (data) => {
      for (const command of String(data).split('*').slice(1))
        socket.write(/\binfo\b/i.test(command) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n')
    })
  }).listen(0, '127.0.0.1')
  await once(redis, 'listening')
  const address = redis.address()
  const port = typeof address === 'object' ? address?.port : 0
  const troubles: string[] = []
  const connection = openConnection(`redis://127.0.0.1:${port}`, 2000, {
    prepare: async () => {},
    ready: () => {},
    failed: (error) => troubles.push(String(error)),
  })
  const beganAtMs = performance.now()
  await until('the connection is tried again', () => connections > 1)
  expect(performance.now() - beganAtMs).toBeGreaterThan(300)
  expect(troubles[0]).toContain('it is a replica')
  connection.close()
  redis.close()
})
