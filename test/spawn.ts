import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { printedAddress } from './compare/printed-address.ts'

const MAIN = join(import.meta.dirname, '../server/main.ts')

export interface Spawned extends AsyncDisposable {
  readonly process: ChildProcess
  readonly origin: string
  readonly port: number
  /** Sends a signal. Resolves with the exit code, or null if the signal itself ended the process. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts the server in a process of its own. Resolves when the server has printed its address. */
export async function spawnServer(...flags: string[]): Promise<Spawned> {
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--log', 'error', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const origin = await printedAddress(child)
  if (origin === null) throw new Error('The server ended without saying where it is.')
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    child.kill(signal)
    const [code] = await once(child, 'exit')
    return code
  }
  return {
    process: child,
    origin,
    // WHATWG's URL refuses the zone of a link-local address.
    port: Number(/:(\d+)$/.exec(origin)?.[1]),
    end,
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
    },
  }
}
