/** Starts a Fourwire in a process of its own, for one measurement. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { NODE_FLAGS } from '../../server/start/installed.ts'
import { killedAtExit } from './children.ts'
import { printedAddress } from './printed-address.ts'
import { CompareError } from './trouble.ts'

export interface OwnServer extends AsyncDisposable {
  readonly url: URL
  readonly pid: number
}

const MAIN = join(import.meta.dirname, '../../server/main.ts')
const WITH_PARENT = new URL('with-parent.ts', import.meta.url).href
const FLAGS = ['--host', '127.0.0.1', '--port', '0', '--data', ':memory:', '--limits', 'off', '--log', 'error']

/** Resolves when the server listens. Rejects with `CompareError` and the server's own message if it cannot start. */
export async function startOwnServer(env: NodeJS.ProcessEnv): Promise<OwnServer> {
  const child = killedAtExit(
    spawn(process.execPath, [...NODE_FLAGS, '--import', WITH_PARENT, MAIN, ...FLAGS], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environmentFrom(env),
    }),
  )
  let trouble = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (trouble += text))
  const origin = await printedAddress(child)
  if (origin === null)
    throw new CompareError(`No Fourwire could be started, and --url names no other server. It said: ${trouble.trim()}`)
  const url = new URL(origin)
  // The name localhost would be looked up for each client.
  url.hostname = '127.0.0.1'
  return {
    url,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** Returns the variables for the server, without the settings of the user's own Fourwire. */
function environmentFrom(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isSetting = (name: string): boolean => /^(?:FOURWIRE_.*|PORT|HOST)$/.test(name)
  const others = Object.entries(env).filter(([name]) => !isSetting(name))
  return { ...Object.fromEntries(others), COMPARE_PARENT: String(process.pid) }
}
