import type { ChildProcess } from 'node:child_process'

/** Kills a child when this process ends, for whatever reason the process ends. */
export function killedAtExit<Child extends ChildProcess>(child: Child): Child {
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  return child
}
