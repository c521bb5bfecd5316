/** A Redis server for tests, in a folder of its own, which listens only at a socket in this folder. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface TestRedis extends AsyncDisposable {
  /** The socket's path, for `--redis`. */
  readonly url: string
  /** Runs a command, and returns its reply as redis-cli prints it. */
  command(...words: string[]): string
  /** Starts a command, and resolves when it has ended. */
  begin(...words: string[]): Promise<void>
  /** Sends a signal to Redis. SIGSTOP lets it hang, and SIGCONT lets it continue. */
  signal(signal: NodeJS.Signals): void
  /** Kills Redis. */
  kill(): Promise<void>
  /** Kills Redis and starts it again with its latest dump, or without one if there is none. */
  restart(): Promise<void>
}

/** True if this machine has a Redis server. Tests without one are skipped. */
export const HAS_REDIS = spawnSync('redis-server', ['--version']).status === 0

/** Starts a Redis that saves its data only on demand. `flags`: settings of redis-server. */
export async function testRedis(...flags: string[]): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'fourwire-redis-'))
  const url = join(folder, 'redis.sock')
  let child = await start()
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }
  return {
    url,
    command(...words) {
      const { stdout, stderr } = spawnSync('redis-cli', ['-s', url, ...words], { encoding: 'utf8' })
      if (stderr !== '') throw new Error(stderr)
      return stdout.trim()
    },
    async begin(...words) {
      await once(spawn('redis-cli', ['-s', url, ...words], { stdio: 'ignore' }), 'close')
    },
    signal: (signal) => void child.kill(signal),
    kill: end,
    async restart() {
      await end()
      child = await start()
    },
    async [Symbol.asyncDispose]() {
      await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }

  async function start() {
    const settings = ['--port', '0', '--unixsocket', url, '--save', '', '--appendonly', 'no', '--dir', folder]
    const redis = spawn('redis-server', [...settings, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
    const said: string[] = []
    for await (const line of createInterface({ input: redis.stdout })) {
      said.push(line)
      if (/[Rr]eady to accept connections/.test(line)) {
        redis.stdout.resume()
        return redis
      }
    }
    throw new Error(`redis-server did not start:\n${said.join('\n')}`)
  }
}
