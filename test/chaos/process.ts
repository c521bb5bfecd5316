/** Server in a process of its own, which is killed and started again with the same port and data. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { printedAddress } from '../compare/printed-address.ts'
import type { Resources } from './resources.ts'

export interface Process extends AsyncDisposable {
  readonly port: number
  readonly origin: string
  readonly isUp: boolean
  /** Kills the process with `kill -9`. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Stops the server with its goodbyes. Returns the exit code. */
  end(): Promise<number | null>
  /** Returns the open resources of the process after idle connections are closed. */
  resources(): Promise<Resources>
}

const MAIN = join(import.meta.dirname, '../../server/main.ts')
const REPORTER = join(import.meta.dirname, 'reporter.ts')

/** `storage`: flags that say where the server keeps events. */
export async function startProcess(...storage: string[]): Promise<Process> {
  let port = 0
  let child: ChildProcess | null = null
  await start()

  return {
    get port() {
      return port
    },
    get origin() {
      return `http://127.0.0.1:${port}`
    },
    get isUp() {
      return child !== null
    },
    async kill() {
      await end('SIGKILL')
    },
    start,
    end: () => end('SIGTERM'),
    async resources() {
      if (!child) throw new Error('The server is not up.')
      child.send('resources')
      const [resources] = await once(child, 'message')
      return resources
    },
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
    },
  }

  async function start(): Promise<void> {
    const flags = ['--port', String(port), ...storage, '--limits', 'off', '--log', 'error']
    const fresh = spawn(process.execPath, ['--import', REPORTER, MAIN, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    port = await portOf(fresh)
    child = fresh
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const ending = child
    child = null
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return ending?.exitCode ?? null
    ending.kill(signal)
    const [code] = await once(ending, 'exit')
    return code
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  const origin = await printedAddress(child)
  if (origin === null) throw new Error('The server ended without saying where it is.')
  child.stdout?.resume()
  return Number(new URL(origin).port)
}
