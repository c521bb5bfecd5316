import { writeFileSync } from 'node:fs'
import { CompareError, messageOf } from './trouble.ts'

/** Writes a file that an option names. Throws `CompareError` if it cannot be written. */
export function save(option: string, file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new CompareError(`--${option} is "${file}", which cannot be written: ${messageOf(error)}`)
  }
}
