/** Runs a scene: applies its settings, makes its acts at their times, and takes everything back at the end. */
import type { Acts } from '../lab/routes.ts'
import { now } from '../now.ts'
import type { Scene, SceneAct } from '../protocol/show.ts'
import { createSceneSettings } from './scene-settings.ts'
import type { ChangedSetting } from './scene-settings.ts'

export interface SceneRun {
  /** Begins the scene in this room. Ends another scene first. */
  begin(room: string, scene: Scene): void
  /** Goes on with a scene that began at `sinceMs` in an earlier process. */
  resume(room: string, scene: Scene, sinceMs: number): void
  /** Ends the scene, if one runs. */
  end(): void
  /** Applies the settings of the scene again, after a simulated restart that was no act of the scene. */
  restarted(): void
  readonly changed: readonly ChangedSetting[]
  /** Stops the acts, and leaves the settings as they are. */
  stop(): void
}

/** Creates the run. `changed`: what a scene had changed before the server restarted. */
export function createSceneRun(acts: Acts, changed: readonly ChangedSetting[] = []): SceneRun {
  const settings = createSceneSettings(acts, changed)
  const timers = new Set<ReturnType<typeof setTimeout>>()
  let room: string | null = null
  let isRestarting = false

  return {
    get changed() {
      return settings.changed
    },
    begin(name, scene) {
      end()
      room = name
      settings.apply(name, scene.set)
      for (const act of scene.acts) schedule(name, act, act.atS * 1000)
    },
    resume(name, scene, sinceMs) {
      room = name
      settings.resume(name)
      const elapsedMs = now() - sinceMs
      for (const act of scene.acts) {
        const inMs = act.atS * 1000 - elapsedMs
        if (inMs > 0) schedule(name, act, inMs)
        // The time of this act has passed. Its settings still belong to the scene.
        else if (act.set) settings.apply(name, act.set)
      }
    },
    end,
    restarted() {
      if (room !== null && !isRestarting) settings.applyAgain(room)
    },
    stop: clear,
  }

  function schedule(name: string, act: SceneAct, inMs: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      if (act.restart) {
        isRestarting = true
        settings.restart(name)
        isRestarting = false
      }
      if (act.cut) acts.cut(act.cut)
      if (act.set) settings.apply(name, act.set)
    }, inMs)
    timers.add(timer)
  }

  function end(): void {
    clear()
    if (room !== null) settings.putBack(room)
    room = null
  }

  function clear(): void {
    for (const timer of timers) clearTimeout(timer)
    timers.clear()
  }
}
