/** Reads the scenes of the show. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scene } from '../protocol/show.ts'

/** Returns the scenes of this repository. */
export function ownScenes(): readonly Scene[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'scenes.json'), 'utf8'))
}
