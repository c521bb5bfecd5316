import { LOG_LEVELS } from '../http/logging.ts'
import type { LogLevel } from '../http/logging.ts'

/** Writes entries into the log of a process that has no app. Each entry has the form of the app's entries. */
export type EntryLog = (level: Exclude<LogLevel, 'silent'>, message: string, fields?: object) => void

/** `most`: entries of later levels are left out. */
export function createEntryLog(most: LogLevel): EntryLog {
  const isWritten = (level: LogLevel): boolean => LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(most)
  return (level, msg, fields = {}) => {
    const entry = { level, time: new Date().toISOString(), ...fields, msg }
    if (isWritten(level)) process.stderr.write(`${JSON.stringify(entry)}\n`)
  }
}
