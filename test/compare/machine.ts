/** Figures of processes, and their cores. Linux has all of them; elsewhere some are null. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'

/** Processor time of all threads of a process, in steps of 10 ms; null if it is unknown. */
export function cpuMsOf(pid: number | undefined): number | null {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The name of the program is in brackets and may contain spaces.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) * TICK_MS
}

const TICK_MS = 10

/**
 * Starts to watch the processors. The returned function returns the share of them, 0 to 1, that other processes than
 * the given ones have used since then; null if it is unknown.
 */
export function watchOthers(pids: readonly number[]): () => number | null {
  const before = usedMs(pids)
  const startMs = performance.now()
  return () => {
    const after = usedMs(pids)
    const passedMs = (performance.now() - startMs) * cpus().length
    if (before === null || after === null) return null
    return Math.max(0, (after.all - before.all - (after.own - before.own)) / passedMs)
  }
}

function usedMs(pids: readonly number[]): { readonly all: number; readonly own: number } | null {
  const each = pids.map(cpuMsOf)
  if (!each.every((ms) => ms !== null)) return null
  const all = cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)
  return { all, own: each.reduce((sum, ms) => sum + ms, 0) }
}

/** Memory of a process that is in RAM, in KiB; null if it is unknown. */
export function residentKiBOf(pid: number): number | null {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`) ?? '') ?? []
  return kib === undefined ? null : Number(kib)
}

/** Largest number of files and connections that a process may open; null if there is no limit. */
export function openFilesLimit(): number | null {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(read('/proc/self/limits') ?? '') ?? []
  return soft === undefined ? null : Number(soft)
}

/** Read once, because the number falls when this process is bound to some of the cores. */
const CORES = availableParallelism()

/**
 * Gives one half of the cores to the server, and the other half to the processes of the clients. Returns false if the
 * machine has one core, or no program that can do this.
 */
export function divideCores(server: number, clients: readonly number[]): boolean {
  const half = Math.floor(CORES / 2)
  if (half === 0) return false
  return pin(server, 0, half - 1) && clients.every((pid) => pin(pid, half, CORES - 1))
}

/** Binds all threads of a process to some of the cores. */
function pin(pid: number, from: number, to: number): boolean {
  return spawnSync('taskset', ['-acp', `${from}-${to}`, String(pid)], { stdio: 'ignore' }).status === 0
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return null
  }
}
