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

test('the server refuses to start with both --lan and --host', () => {
  expect(() => readFlags(['--lan', '--host', '::1'], {})).toThrow('--lan and --host ::1 contradict each other')
})
