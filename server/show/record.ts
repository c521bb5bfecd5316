/** What a show has to remember beyond the pages that are open: its state, its seats, and what each scene has collected. */
import { randomBytes } from 'node:crypto'
import { quote } from '../http/errors.ts'
import { now } from '../now.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { Settings } from '../protocol/lab.ts'
import type { LaneFigures, Scene, SceneOutcome, SeatReport, Step } from '../protocol/show.ts'
import type { ChangedSetting } from './scene-settings.ts'
import { createSeats } from './seats.ts'
import type { SeatRecord, Seats } from './seats.ts'

export interface SceneRecord {
  /** The answer of each seat that has voted. The key is the number of the seat. */
  readonly votes: Map<number, number>
  hands: readonly number[] | null
  measured: readonly LaneFigures[]
  outcome: SceneOutcome | null
  /** Last reports of the seats in the last run, and why a seat used another transport than the dealt one. */
  reports: readonly { readonly seat: number; readonly report: SeatReport; readonly fellBack: string | null }[]
  /** Settings at the beginning of the last run; null before it. */
  settings: Settings | null
}

export interface ShowRecord {
  version: number
  /** Number of the class, from 1. */
  classNumber: number
  /** Time at which the class began, in ms since 1970. */
  beganAtMs: number
  scene: string
  step: Step
  sinceMs: number
  done: string[]
  blank: boolean
  names: boolean
  address: number
  driver: string | null
  /** Secret from which the public names of pages are made. */
  readonly salt: string
  /** What each scene has collected, by the id of the scene. */
  readonly scenes: Map<string, SceneRecord>
}

/** The show as its file keeps it. */
export interface SavedShow {
  readonly record: ShowRecord
  readonly seats: readonly SeatRecord[]
  readonly changed: readonly ChangedSetting[]
}

/** The present class. `next class` replaces the record and the seats. */
export interface ShowData {
  readonly scenes: readonly Scene[]
  record: ShowRecord
  seats: Seats
}

/** Versions of pages and of the file must not go back, although the last changes before a crash may not be saved. */
const UNSAVED_VERSIONS = 1000

/** Returns the class of the file, or the first class. A scene that the show no longer has becomes the first scene. */
export function openShow(
  scenes: readonly Scene[],
  transports: readonly TransportName[],
  saved: SavedShow | null,
): ShowData {
  const seats = createSeats(dealt(scenes, transports), saved?.seats)
  if (!saved) return { scenes, record: newClass(scenes, 1, randomBytes(16).toString('base64url')), seats }
  const { record } = saved
  record.version += UNSAVED_VERSIONS
  record.done = record.done.filter((id) => scenes.some((scene) => scene.id === id))
  if (!scenes.some(({ id }) => id === record.scene)) Object.assign(record, beginning(scenes))
  return { scenes, record, seats }
}

/** Replaces the class by a fresh one, without seats and votes. The driver stays. */
export function beginNextClass(data: ShowData, transports: readonly TransportName[]): void {
  const { scenes, record } = data
  const { version, classNumber, driver, salt, address } = record
  data.record = { ...newClass(scenes, classNumber + 1, salt), version, driver, address }
  data.seats = createSeats(dealt(scenes, transports))
}

export const roomOf = ({ record }: ShowData): string => `class-${record.classNumber}`

export function presentScene({ scenes, record }: ShowData): Scene {
  return sceneNamed(scenes, record.scene)
}

export function sceneNamed(scenes: readonly Scene[], name: string): Scene {
  const scene = scenes.find(({ id }) => id === name)
  if (!scene) throw new Error(`The show has no scene ${quote(name)}.`)
  return scene
}

/** Returns what a scene has collected. By default, this is the present scene. */
export function recordOf({ record }: ShowData, id: string = record.scene): SceneRecord {
  const known = record.scenes.get(id)
  if (known) return known
  const fresh: SceneRecord = { votes: new Map(), hands: null, measured: [], outcome: null, reports: [], settings: null }
  record.scenes.set(id, fresh)
  return fresh
}

function newClass(scenes: readonly Scene[], classNumber: number, salt: string): ShowRecord {
  return {
    ...beginning(scenes),
    version: 1,
    classNumber,
    beganAtMs: Date.now(),
    done: [],
    blank: false,
    names: false,
    address: 0,
    driver: null,
    salt,
    scenes: new Map(),
  }
}

function beginning([first]: readonly Scene[]): Pick<ShowRecord, 'scene' | 'step' | 'sinceMs'> {
  if (!first) throw new Error('A show needs at least one scene.')
  return { scene: first.id, step: 'predict', sinceMs: now() }
}

/** Returns the transports that the scenes show, in the order of the server. Without any, all transports are dealt. */
function dealt(scenes: readonly Scene[], transports: readonly TransportName[]): readonly TransportName[] {
  const shown = new Set(scenes.flatMap(({ lanes }) => lanes))
  const used = transports.filter((name) => shown.has(name))
  return used.length > 0 ? used : transports
}
