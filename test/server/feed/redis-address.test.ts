import { expect, test } from 'vitest'
import { withoutPassword } from '../../../server/redis/redis-connection.ts'

test.each([
  ['redis://localhost:6379', 'redis://localhost:6379'],
  ['/run/redis.sock', '/run/redis.sock'],
  ['redis://:secret@localhost', 'redis://:***@localhost'],
  ['rediss://user:secret@host:6380/2', 'rediss://user:***@host:6380/2'],
  ['redis://:p@secret@host', 'redis://:***@host'],
  ['redis://:p/secret@host', 'redis://:***@host'],
  ['user:secret@host', 'user:***@host'],
  ['redis://host?db=1&password=secret', 'redis://host?db=1&password=***'],
  ['/run/redis.sock?password=secret&db=2', '/run/redis.sock?password=***&db=2'],
])('the address %s is shown as %s', (url, shown) => {
  expect(withoutPassword(url)).toBe(shown)
})
