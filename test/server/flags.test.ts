import { expect, test } from 'vitest'
import { readFlags } from '../../server/flags.ts'

test.each<[string, string[], Record<string, string>, string, string]>([
  ['nothing', [], {}, '127.0.0.1', '--host'],
  ['a flag', ['--host', '::1'], { HOST: 'a', FOURWIRE_HOST: 'b', FOURWIRE_LAN: 'on' }, '::1', '--host'],
  ['--lan', ['--lan'], { HOST: 'a', FOURWIRE_HOST: 'b' }, '0.0.0.0', '--lan'],
  ['FOURWIRE_LAN', [], { FOURWIRE_LAN: 'on', FOURWIRE_HOST: 'b' }, '0.0.0.0', 'FOURWIRE_LAN'],
  ['FOURWIRE_HOST', [], { HOST: 'a', FOURWIRE_HOST: 'b' }, 'b', 'FOURWIRE_HOST'],
  ['HOST', [], { HOST: 'a' }, 'a', 'HOST'],
  ['an empty value', ['--host', ''], { HOST: '' }, '127.0.0.1', '--host'],
])(
  '%s decides which host the server uses, and errors name the flag or variable of the host',
  (_what, args, env, host, hostFlag) => {
    expect(readFlags(args, env)).toMatchObject({ host, hostFlag })
  },
)

test('--redis has precedence over FOURWIRE_REDIS, and an empty variable counts as none', () => {
  expect(readFlags(['--redis', 'redis://a'], { FOURWIRE_REDIS: 'redis://b' }).redis).toBe('redis://a')
  expect(readFlags([], { FOURWIRE_REDIS: 'redis://b' }).redis).toBe('redis://b')
  expect(readFlags([], { FOURWIRE_REDIS: '' }).redis).toBeUndefined()
})

test('--workers has precedence over FOURWIRE_WORKERS, and its default is one worker, which needs no Redis', () => {
  const env = { FOURWIRE_REDIS: 'redis://a', FOURWIRE_WORKERS: '3' }
  expect(readFlags([], env).workers).toBe(3)
  expect(readFlags(['--workers', '64'], env).workers).toBe(64)
  expect(readFlags([], { FOURWIRE_WORKERS: '' }).workers).toBe(1)
  expect(readFlags(['--workers', '1'], {}).workers).toBe(1)
  expect(() => readFlags([], { FOURWIRE_WORKERS: '2' })).toThrow('--workers is 2, but --redis is not given')
})

test.each(['0', '65', '-1', '1.5', '2x', '1e1', '999999999999', 'two'])(
  'the server refuses --workers %s with an error that quotes the value and names the valid ones',
  (text) => {
    const read = () => readFlags([`--workers=${text}`, '--redis', 'redis://a'], {})
    expect(read).toThrow(`--workers is "${text}", which is not a number of workers. Give a whole number from 1 to 64`)
  },
)

test.each([
  [['--redis-replicas', '1'], 'there is no --redis'],
  [['--redis', 'redis://a', '--redis-replicas', 'all'], '--redis-replicas is "all", which is not a number of replicas'],
])('the server refuses to start with %j', (args, why) => {
  expect(() => readFlags(args, {})).toThrow(why)
})

test('the server refuses to start with both --lan and --host', () => {
  expect(() => readFlags(['--lan', '--host', '::1'], {})).toThrow('--lan and --host ::1 contradict each other')
})
