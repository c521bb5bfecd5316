/** File with the addresses of the running lesson, which `npm run look` reads in another terminal. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WORK } from './course.ts'

export interface Running {
  /** The lesson's number. */
  readonly lesson: number
  /** Origin of the sandbox. */
  readonly sandbox: string
  /** Origin of the student's own server; null while it does not run. */
  readonly yours: string | null
  /** The instructor's token if the sandbox wants one. */
  readonly token: string | null
}

const fileIn = (folder: string): string => join(folder, '.running.json')

/** Writes the file. Only this user may read it, because it contains the token. */
export function keepRunning(running: Running, folder = WORK): void {
  writeFileSync(fileIn(folder), JSON.stringify(running), { mode: 0o600 })
}

export function forgetRunning(folder = WORK): void {
  rmSync(fileIn(folder), { force: true })
}

/** Reads the file; null if no lesson is running. */
export function readRunning(folder = WORK): Running | null {
  try {
    return JSON.parse(readFileSync(fileIn(folder), 'utf8'))
  } catch {
    return null
  }
}
