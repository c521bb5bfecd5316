/**
 * Runs a function at the beginning of a turn of the event loop. Nothing of the kit is below it on the stack, so an error
 * that it throws ends the process, like an error in a program that runs alone.
 */
export function inOwnTurn<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => setImmediate(() => resolve(run())))
}
