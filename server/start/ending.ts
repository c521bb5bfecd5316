/** Ends this process after a signal, or when the process that started it has ended. */

/**
 * Time after the first signal within which further signals have no effect. One Ctrl-C sends this process several
 * signals: the terminal, npm and `launch.js` each send a signal.
 */
const SAME_MS = 500

const LOOK_MS = 500

/**
 * Calls `end` at the first signal, and `endNow` at each later signal. `launcher`: the process id of `launch.js`, from
 * the variable `FOURWIRE_LAUNCHER`. A killed `launch.js` sends no signal, so this process checks regularly that
 * `launch.js` still runs. Returns a function that has the same effect as a signal.
 */
export function onEnding(
  launcher: string | undefined,
  end: (why: string) => void,
  endNow: () => void,
): (why: string) => void {
  let atMs: number | null = null
  const ending = (why: string): void => {
    const nowMs = performance.now()
    if (atMs === null) end(why)
    else if (nowMs - atMs > SAME_MS) endNow()
    atMs ??= nowMs
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ending)
  if (launcher === undefined || !isAlive(Number(launcher))) return ending
  const watching = setInterval(() => {
    if (isAlive(Number(launcher))) return
    clearInterval(watching)
    ending('end of the launcher')
  }, LOOK_MS)
  watching.unref()
  return ending
}

/**
 * Lets this process continue after the reader of its output has ended, as in `npm start | head` or a closed terminal.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

/**
 * Returns true if a process with this id runs. After a process has ended, the system may give its id to a new process.
 */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM means that the process exists and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
