/** Tests of the start of a server with several workers. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { balance } from '../../balancer.ts'
import { HAS_REDIS, testRedis } from '../../redis.ts'
import { spawnServer } from '../../spawn.ts'
import { MAIN, childrenOf, fresh, startOf, startWithWorkers } from './with-workers.ts'

const TOKEN = 'a token of the instructor'

test('one worker is the same as none: it needs no Redis, and no further process', async () => {
  await using server = await spawnServer('--workers', '1', '--data', ':memory:')
  expect(childrenOf(server.process.pid)).toEqual([])
  expect(JSON.parse(await fresh(server.origin, '/health'))).not.toHaveProperty('worker')
})

test.each([
  ['--workers without --redis', ['--workers', '2'], /--workers is 2, but --redis is not given\. Workers share/],
  ['no number of workers', ['--workers', 'two'], /--workers is "two", which is not a number of workers/],
])('the server does not start with %s', async (_what, flags, why) => {
  const { code, out, errors } = await startOf(flags)
  expect([code, out, errors]).toEqual([2, '', expect.stringMatching(why)])
})

describe.skipIf(!HAS_REDIS)('a server with several workers', () => {
  test('prints each line once, also what every worker reports', async () => {
    // Each worker finds this setting, and warns about it.
    await using redis = await testRedis('--maxmemory-policy', 'allkeys-lru')
    const flags = ['--redis', redis.url, '--workers', '3', '--auth', '--limits', 'off', '--port', '0', '--log', 'error']
    const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      // This is the last line.
      if (line.startsWith('Limits are off')) child.kill('SIGTERM')
    }
    expect(await ended).toEqual([0, null])
    expect(lines).toEqual([...new Set(lines)])
    for (const part of ['Fourwire is at', 'maxmemory-policy', '3 workers', '#token=', 'this password may sign in'])
      expect(lines.join('\n')).toContain(part)
  })

  test('gives all workers the same token, and shows it in the command line of none', async () => {
    await using server = await startWithWorkers(3, '--lan', '--instructor-token', TOKEN)
    const ask = (token: string) => fresh(server.origin, '/metrics', { authorization: `Bearer ${token}` })
    const answers = await Promise.all(Array.from({ length: 9 }, () => ask(TOKEN)))
    const workers = answers.map((answer) => /^fourwire_clients\{.*worker="(\d)"/m.exec(answer)?.[1])
    expect([...new Set(workers)].toSorted()).toEqual(['1', '2', '3'])
    expect(await ask('another token of an instructor')).toContain('wrong-token')
    for (const pid of server.workers()) {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      expect(words).toContain('worker.ts')
      expect(words).not.toContain(TOKEN)
    }
  })

  test('writes no file, because its workers would overwrite each other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fourwire-workers-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    await using server = await startWithWorkers(2, '--data', folder, '--instructor-token', TOKEN, '--lan')
    const response = await fetch(`${server.origin}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ instructor: TOKEN }),
    })
    expect(response.status).toBe(200)
    await response.arrayBuffer()
    expect(await server.end('SIGTERM')).toBe(0)
    expect(readdirSync(folder)).toEqual([])
  })

  test('reports a wrong password of Redis once, and ends with code 2', async () => {
    await using redis = await testRedis('--requirepass', 'right')
    await using link = await balance(redis.url)
    const { code, errors } = await startOf(['--redis', `redis://:wrong@127.0.0.1:${link.port}`, '--workers', '3'])
    expect(code).toBe(2)
    expect(errors.trim().split('\n')).toEqual([expect.stringContaining('the user name or the password is wrong')])
  })

  test('reports a port in use once, and ends with code 2', async () => {
    await using redis = await testRedis()
    await using other = await spawnServer('--data', ':memory:')
    const { code, errors } = await startOf(['--redis', redis.url, '--workers', '3', '--port', String(other.port)])
    expect(code).toBe(2)
    expect(errors.trim().split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^Port ${other.port} on 127\\.0\\.0\\.1 is in use.*--port`)),
    ])
  })

  test('ends with the reason if a worker ends at its start', async () => {
    await using redis = await testRedis()
    const crash = "import cluster from 'node:cluster'; if (cluster.isWorker) process.exit(7)"
    const loaded = `data:text/javascript,${encodeURIComponent(crash)}`
    const { code, errors } = await startOf(['--redis', redis.url, '--workers', '2'], ['--import', loaded])
    expect([code, errors]).toEqual([2, 'A worker ended with exit code 7.\n'])
  })
})
