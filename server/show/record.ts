/** What a show has to remember beyond the pages that are open: its state, and what each scene has collected. */
import { randomBytes } from 'node:crypto'
import { now } from '../now.ts'
import type { LaneFigures, SceneOutcome, Scene, SeatReport, Step } from '../protocol/show.ts'

export interface SceneRecord {
  /** The answer of each seat that has voted. The key is the number of the seat. */
  readonly votes: Map<number, number>
  hands: readonly number[] | null
  measured: readonly LaneFigures[]
  outcome: SceneOutcome | null
  /** Last reports of the seats in the last run. */
  reports: readonly { readonly seat: number; readonly report: SeatReport }[]
}

export interface ShowRecord {
  version: number
  room: string
  scene: string
  step: Step
  sinceMs: number
  readonly done: string[]
  blank: boolean
  names: boolean
  address: number
  driver: string | null
  /** Secret from which the public names of pages are made. */
  readonly salt: string
  /** What each scene has collected, by the id of the scene. */
  readonly scenes: Map<string, SceneRecord>
}

/** Returns a show that is at its first scene. */
export function newShow(scenes: readonly Scene[]): ShowRecord {
  const [first] = scenes
  if (!first) throw new Error('A show needs at least one scene.')
  return {
    version: 1,
    room: 'class-1',
    scene: first.id,
    step: 'predict',
    sinceMs: now(),
    done: [],
    blank: false,
    names: false,
    address: 0,
    driver: null,
    salt: randomBytes(16).toString('base64url'),
    scenes: new Map(),
  }
}
