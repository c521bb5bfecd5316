/** Lets the lanes of the stage follow the show, and reports what they measure. */
import type { LaneFigures, ShowState } from '../../server/protocol/show.ts'
import { SETTINGS } from '../lane/order.ts'
import type { SandboxSession } from '../session/session.ts'
import type { FollowedShow } from '../show/follow.ts'
import { sceneOf } from '../show/steps.ts'
import { createMeter } from './meter.ts'
import type { StageMeter } from './meter.ts'

export interface StageRun {
  /** Adopts a new session: at the start, and for each class. */
  opened(session: SandboxSession): void
  /** Brings the lanes into the state that the show asks for. Call this after each change of the show. */
  follow(): void
  /** Returns the figures to draw now. */
  read(): readonly LaneFigures[]
  /** Reports the figures to the server, if a scene runs and this is an instructor's page. */
  report(): void
}

export function createStageRun(show: FollowedShow): StageRun {
  let meter: StageMeter | undefined
  let measuring: SandboxSession | undefined
  /** Run that the meter measures: its scene and the time at which it began. */
  let measured = ''

  return {
    opened(session) {
      measuring = session
      meter = createMeter(session)
      measured = ''
    },
    follow() {
      const { state, scenes } = show
      const scene = state && sceneOf(scenes, state)
      if (!measuring || !meter || !state || !scene) return
      setLanes(measuring, scene.lanes)
      const interval = SETTINGS.find(({ name }) => name === 'intervalMs')
      if (interval) adoptInterval(measuring, interval, scene.pollMs ?? interval.usual)
      const run = state.step === 'run' ? `${state.scene} ${state.sinceMs}` : ''
      const isNew = run !== '' && run !== measured
      // The meter changes the session, and the session then calls for this again.
      measured = run
      if (isNew) meter.begin(state.measured)
    },
    read: () => (show.state ? figures(show.state) : []),
    report() {
      const { state, session } = show
      if (!meter || !state || state.step !== 'run' || session?.instructor !== true) return
      const lanes = figures(state)
      if (lanes.length > 0) show.say({ say: 'measured', scene: state.scene, lanes })
    },
  }

  function figures(state: ShowState): readonly LaneFigures[] {
    if (state.step !== 'run') return state.measured
    const scene = sceneOf(show.scenes, state)
    return meter && scene ? meter.read(scene.lanes) : []
  }
}

/** Shows exactly these lanes. A picture without lanes keeps the present ones, so that the session goes on. */
function setLanes(session: SandboxSession, wanted: readonly SandboxSession['lanes'][number]['transport'][]): void {
  if (wanted.length === 0) return
  const shown = session.lanes.map(({ transport }) => transport)
  // A new lane begins at the cursor of the others, so it is added before the others go.
  for (const name of wanted) if (!shown.includes(name)) session.show(name, true)
  for (const name of shown) if (!wanted.includes(name)) session.show(name, false)
}

function adoptInterval(session: SandboxSession, setting: (typeof SETTINGS)[number], value: number): void {
  if (session[setting.name] !== value) session.set(setting, value)
}
