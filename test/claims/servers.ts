/** Servers in processes of their own, which the claims measure. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import type { Conditions } from '../../server/protocol/lab.ts'
import { killedAtExit } from '../compare/children.ts'
import { cpuMsOf, divideCores, watchOthers } from '../compare/machine.ts'
import { startOwnServer } from '../compare/own-server.ts'
import type { OwnServer } from '../compare/own-server.ts'
import { CompareError } from '../compare/trouble.ts'

/** Starts a Fourwire. The server gets one half of the cores, and this process and `clients` get the other half. */
export async function startFourwire(env: NodeJS.ProcessEnv, clients: readonly number[] = []): Promise<OwnServer> {
  const server = await startOwnServer(env)
  divideCores(server.pid, [process.pid, ...clients])
  return server
}

/** Starts a server of this folder, which sends its port. */
export async function startPlain(file: string, clients: readonly number[] = []): Promise<OwnServer> {
  const child = killedAtExit(fork(join(import.meta.dirname, file)))
  const ended = once(child, 'exit').then(() => {
    throw new CompareError(`The server ${file} has ended by itself.`)
  })
  ended.catch(() => {})
  const [port] = await Promise.race([once(child, 'message'), ended])
  const pid = child.pid ?? 0
  divideCores(pid, [process.pid, ...clients])
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    pid,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** Sets conditions of the network of a Fourwire, for connections that are opened afterwards. */
export async function setConditions(url: URL, conditions: Partial<Conditions>): Promise<void> {
  const response = await fetch(new URL('/lab/settings', url), {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', Connection: 'close' },
    body: JSON.stringify({ conditions }),
  })
  if (!response.ok) throw new CompareError(`The network conditions were refused: ${await response.text()}`)
}

/**
 * Processor time of all threads of a process that are alive, in ms. Linux counts it to the nanosecond; elsewhere it is
 * in steps, or NaN if it is unknown.
 */
export function runMsOf(pid: number): number {
  try {
    const folder = `/proc/${pid}/task`
    const times = readdirSync(folder).map((thread) =>
      Number(readFileSync(`${folder}/${thread}/schedstat`, 'latin1').split(' ')[0]),
    )
    return times.reduce((sum, ns) => sum + ns, 0) / 1e6
  } catch {
    return cpuMsOf(pid) ?? Number.NaN
  }
}

/** Time for clients to connect: `ms` on a quiet machine, and more while other programs use the processors. */
export const connectingMs = (ms: number): number =>
  ms * Math.min(LONGEST_FACTOR, Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()))

const LONGEST_FACTOR = 6

/** Returns null if a measurement fails with `CompareError`, for example because the clients cannot connect in time. */
export async function unlessTooSlow<Result>(measure: () => Promise<Result>): Promise<Result | null> {
  try {
    return await measure()
  } catch (error) {
    if (error instanceof CompareError) return null
    throw error
  }
}

/** Starts to watch the processors. The returned function returns the share of them that other programs have used. */
export function watchMachine(pids: readonly number[]): () => number {
  const others = watchOthers([process.pid, ...pids])
  return () => others() ?? 0
}
