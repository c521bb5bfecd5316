/** The sandbox, started beside the lesson and stopped with it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LessonState } from '../../server/lessons/state.ts'

export interface Sandbox extends AsyncDisposable {
  readonly origin: string
  /** Resolves with what it said last, however it came to end. */
  readonly ended: Promise<string>
  /** Tells its pages how the lesson stands. */
  tell(state: LessonState): void
  stop(): Promise<void>
}

/** What its pages ask for. */
type Wished = (wish: unknown) => void

const MAIN = join(import.meta.dirname, 'hosted/sandbox.ts')

/** On this port, or on any that is free where it is in use. Its events are kept in memory. */
export async function startSandbox(port: number, wished: Wished = () => {}): Promise<Sandbox> {
  try {
    return await start(port, wished)
  } catch (error) {
    if (port === 0 || !/is in use/.test(String(error))) throw error
    return start(0, wished)
  }
}

async function start(port: number, wished: Wished): Promise<Sandbox> {
  const flags = ['--port', String(port), '--host', '127.0.0.1', '--data', ':memory:']
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  child.on('message', wished)
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error('The sandbox was started without pipes.')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let said = ''
  stderr.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-2000)))
  const ended = once(child, 'close').then(() => {
    process.off('exit', kill)
    return said.trim()
  })
  // One that is ending has no channel any more, and `ended` says so.
  const tell = (state: LessonState) => void (child.connected && child.send(state, () => {}))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  for await (const line of createInterface(stdout)) {
    const [, at] = /^Fourwire is at (http:\S+)/.exec(line) ?? []
    // The name that the lessons' pages use; what it prints from here on is of no interest.
    if (at) return { origin: at.replace('127.0.0.1', 'localhost'), ended, tell, stop, [Symbol.asyncDispose]: stop }
  }
  throw new Error(`The sandbox did not start: ${await ended}`)
}
