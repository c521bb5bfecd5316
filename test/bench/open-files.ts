import { openFilesLimit } from '../compare/machine.ts'

/** Files that a process has open apart from its connections. */
const OTHER_FILES = 100

/** Ends the process with a sentence and the code 2 if a process may not open this number of connections. */
export function needOpenFiles(connections: number): void {
  const limit = openFilesLimit()
  if (limit === null || limit >= connections + OTHER_FILES) return
  console.error(
    `This bench needs ${connections + OTHER_FILES} open files in one process, and the limit is ${limit}. Run "ulimit -n ${connections + OTHER_FILES}" first; if this is refused, give a smaller number of clients.`,
  )
  process.exit(2)
}
