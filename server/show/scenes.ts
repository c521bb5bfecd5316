/** Reads the scenes of the show: those of this repository, or those of the instructor (`--scenes`). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TransportName } from '../protocol/feed.ts'
import type { Scene } from '../protocol/show.ts'
import { transports } from '../transports/index.ts'
import { readJson } from './json-text.ts'
import { SceneFault, checkScenes } from './scene-checks.ts'

/** Returns the scenes of this repository. */
export function ownScenes(): readonly Scene[] {
  const file = join(import.meta.dirname, 'scenes.json')
  return readScenes(readFileSync(file, 'utf8'), file)
}

/**
 * Reads scenes from JSON. Throws an error that names the file, the line and the column, the field, its value, and what is
 * allowed.
 */
export function readScenes(text: string, file: string): readonly Scene[] {
  const json = inFile(file, () => readJson(text.replace(/^\ufeff/, '')))
  try {
    return checkScenes(json.value, Object.keys(transports) as TransportName[])
  } catch (error) {
    if (!(error instanceof SceneFault)) throw error
    throw new Error(`${file}, ${json.placeOf(error.path)}: ${error.message}`, { cause: error })
  }
}

function inFile<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(`${file}, ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
