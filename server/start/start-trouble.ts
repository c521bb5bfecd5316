import { INSTALL_AGAIN } from './installed.ts'

/**
 * Returns the message for a failed start of the server. This file imports no package, because a package may be missing.
 */
export function startTrouble(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isIncomplete = 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
  return isIncomplete ? `${error.message}. ${INSTALL_AGAIN}` : error.message
}
