/** Changes settings for a scene, and puts back exactly what the scene has changed. */
import type { Acts } from '../lab/routes.ts'
import type { Conditions, Settings, SettingsChange } from '../protocol/lab.ts'
import { NEUTRAL } from '../wire/bend/ranges.ts'

export interface SceneSettings {
  /** Changes settings for the scene, in addition to what the scene has changed before. */
  apply(room: string, change: SettingsChange): void
  /** Simulates a restart as an act of the scene. It sets everything neutral, and then the scene's settings apply again. */
  restart(room: string): void
  /** Applies the scene's settings in a new process, which has none of them yet. */
  resume(room: string): void
  /** Applies the scene's settings again after a restart that was no act of the scene. */
  applyAgain(room: string): void
  /**
   * Ends the scene: gives each setting that the scene has changed the value that it had before. A setting that somebody
   * has changed since keeps its new value.
   */
  putBack(room: string): void
  /** What the scene has changed until now, as the file of the show keeps it. */
  readonly changed: readonly ChangedSetting[]
}

type Value = number | boolean

/** A setting that the scene has changed. */
export interface ChangedSetting {
  /** `ratePerSecond`, or the name of a condition. */
  readonly name: string
  readonly before: Value
  /** The value that the scene has given. */
  readonly given: Value
  /** True if the value came only from a restart, which the scene does not apply again. */
  readonly byRestart?: boolean
}

const RATE = 'ratePerSecond'

/** Creates the settings of a scene. `changed`: what the scene had changed before the server restarted. */
export function createSceneSettings(
  { settings, change, restart }: Acts,
  changed: readonly ChangedSetting[] = [],
): SceneSettings {
  const notes = new Map(changed.map((one) => [one.name, one]))

  return {
    get changed() {
      return [...notes.values()]
    },
    apply(room, wanted) {
      note(room, valuesOf(wanted))
      change(room, wanted)
    },
    restart(room) {
      const before = valuesOf(settings(room))
      const applied = given()
      restart()
      // The restart is an act of the scene. So the end of the scene takes back what the restart has changed.
      const after = valuesOf(settings(room))
      for (const [name, value] of after) {
        const noted = notes.get(name)
        const was = before.get(name) ?? value
        if (noted) notes.set(name, { ...noted, before: was === noted.given ? noted.before : was })
        else if (was !== value) notes.set(name, { name, before: was, given: value, byRestart: true })
      }
      applyAll(room, applied)
    },
    resume(room) {
      applyAll(room, given())
    },
    applyAgain(room) {
      const applied = given()
      // The restart took away what the settings were before the scene.
      const fresh = valuesOf(settings(room))
      notes.clear()
      for (const [name, value] of applied) notes.set(name, { name, before: fresh.get(name) ?? value, given: value })
      applyAll(room, applied)
    },
    putBack(room) {
      const present = valuesOf(settings(room))
      const back = new Map<string, Value>()
      for (const { name, before, given: value } of notes.values())
        if (present.get(name) === value && before !== value) back.set(name, before)
      notes.clear()
      applyAll(room, back)
    },
  }

  /** Notes the values that the settings have before the scene changes them. */
  function note(room: string, wanted: ReadonlyMap<string, Value>): void {
    const present = valuesOf(settings(room))
    for (const [name, value] of wanted) {
      const was = present.get(name) ?? value
      const noted = notes.get(name)
      const before = noted && noted.given === was ? noted.before : was
      notes.set(name, { name, before, given: value })
    }
  }

  function given(): ReadonlyMap<string, Value> {
    return new Map(
      Array.from(notes.values())
        .filter(({ byRestart = false }) => !byRestart)
        .map(({ name, given: value }) => [name, value]),
    )
  }

  function applyAll(room: string, values: ReadonlyMap<string, Value>): void {
    if (values.size > 0) change(room, changeOf(values))
  }
}

/** Returns the settings as one map. A name that is no setting of this server is left out. */
function valuesOf({ ratePerSecond, conditions = {} }: SettingsChange | Settings): ReadonlyMap<string, Value> {
  const rate: [string, Value][] = ratePerSecond === undefined ? [] : [[RATE, ratePerSecond]]
  const named = Object.entries(conditions).filter(([name]) => Object.hasOwn(NEUTRAL, name))
  return new Map([...rate, ...(named as [string, Value][])])
}

function changeOf(values: ReadonlyMap<string, Value>): SettingsChange {
  const conditions = Object.fromEntries([...values].filter(([name]) => name !== RATE)) as Partial<Conditions>
  const rate = values.get(RATE)
  return {
    ...(typeof rate === 'number' && { ratePerSecond: rate }),
    ...(Object.keys(conditions).length > 0 && { conditions }),
  }
}
