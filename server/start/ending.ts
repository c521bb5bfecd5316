/** Reasons for this process to end: a signal, or the end of the process that started it. */

/**
 * Time within which several signals count as one signal. One Ctrl-C arrives several times: from the terminal, from
 * npm and from `launch.js`.
 */
const SAME_MS = 500

const LOOK_MS = 500

/**
 * Calls `end` at the first signal, and `endNow` for each later signal. `launcher` is the process id of `launch.js`,
 * from `FOURWIRE_LAUNCHER`. If that process is killed, it sends no signal, so this process checks regularly whether
 * it still runs.
 */
export function onEnding(launcher: string | undefined, end: (why: string) => void, endNow: () => void): void {
  let atMs: number | null = null
  const ending = (why: string): void => {
    const nowMs = performance.now()
    if (atMs === null) end(why)
    else if (nowMs - atMs > SAME_MS) endNow()
    atMs ??= nowMs
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ending)
  if (launcher === undefined || !isAlive(Number(launcher))) return
  const watching = setInterval(() => {
    if (isAlive(Number(launcher))) return
    clearInterval(watching)
    ending('end of the launcher')
  }, LOOK_MS)
  watching.unref()
}

/** Lets this process continue if nobody reads its output any more, as with `npm start | head` or a closed terminal. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

/** Returns true if a process runs. After a process has ended, its id may later belong to another process. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM means that the process exists and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
