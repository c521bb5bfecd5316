/** Starts the sandbox for a lesson, and stops it with the lesson. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { newToken } from '../../server/access/tokens.ts'
import { forwardingIn } from '../../server/start/environment.ts'
import { listenersOn } from '../../server/start/other-listeners.ts'
import type { LessonState, LessonWish } from '../../server/lessons/state.ts'

export interface Sandbox extends AsyncDisposable {
  /** Origin for programs on this machine. */
  readonly origin: string
  /** Returns the address of a page for a browser. In a codespace the address is public, and makes its reader the instructor. */
  linkTo(path: string): string
  /** The instructor's token in a codespace; otherwise null, because every user of this machine is the instructor. */
  readonly token: string | null
  /** Resolves with the last output when the sandbox has ended. */
  readonly ended: Promise<string>
  /** Sends the state of the lesson to the sandbox's pages. */
  tell(state: LessonState): void
  stop(): Promise<void>
}

/** Called with a request of a page. */
type Wished = (wish: LessonWish) => void

const MAIN = join(import.meta.dirname, 'hosted/sandbox.ts')

/**
 * Starts the sandbox on this port, or on a free one if another program uses the port at either address of `localhost`.
 * Its events are kept in memory.
 */
export async function startSandbox(port: number, wished: Wished = () => {}): Promise<Sandbox> {
  if ((await listenersOn(port)).length > 0) return start(0, wished)
  try {
    return await start(port, wished)
  } catch (error) {
    if (port === 0 || !/is in use/.test(String(error))) throw error
    return start(0, wished)
  }
}

async function start(port: number, wished: Wished): Promise<Sandbox> {
  const flags = ['--port', String(port), '--host', '127.0.0.1', '--data', ':memory:']
  const forwarding = forwardingIn(process.env)
  const token = forwarding && (process.env['FOURWIRE_INSTRUCTOR_TOKEN'] || newToken())
  const env = { ...process.env, ...(token && { FOURWIRE_INSTRUCTOR_TOKEN: token }) }
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env })
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
  // A process that is ending has no channel; `ended` reports that.
  const tell = (state: LessonState) => void (child.connected && child.send(state, () => {}))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  for await (const line of createInterface(stdout)) {
    const [, at] = /^Fourwire is at (http:\S+)/.exec(line) ?? []
    // The texts of the lessons use localhost. Later output is ignored.
    if (at === undefined) continue
    const origin = at.replace('127.0.0.1', 'localhost')
    const linkTo = (path: string): string =>
      forwarding && token
        ? `${forwarding.originOf(Number(new URL(at).port))}${path}#token=${encodeURIComponent(token)}`
        : origin + path
    return { origin, linkTo, token: token || null, ended, tell, stop, [Symbol.asyncDispose]: stop }
  }
  throw new Error(`The sandbox did not start: ${await ended}`)
}
