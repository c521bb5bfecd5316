/**
 * Loaded into the server that a measurement starts, before the server itself. Ends the process when the process that
 * started it has ended, even if that one was killed, and also while the server is still starting.
 */
import { isAlive } from '../../server/start/ending.ts'

const LOOK_MS = 500

const parent = Number(process.env['COMPARE_PARENT'])

setInterval(() => {
  // On Windows, ppid does not change when the parent ends.
  if (process.ppid !== parent || !isAlive(parent)) process.exit()
}, LOOK_MS).unref()
