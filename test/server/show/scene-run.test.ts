import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSceneRun } from '../../../server/show/scene-run.ts'
import { NEUTRAL } from '../../../server/wire/bend/ranges.ts'
import { now } from '../../../server/now.ts'
import type { Acts } from '../../../server/lab/routes.ts'
import type { Settings, SettingsChange } from '../../../server/protocol/lab.ts'
import type { Scene } from '../../../server/protocol/show.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => vi.useRealTimers())

const FRESH: Settings = { ratePerSecond: 1, conditions: NEUTRAL }

/** A lab whose settings the tests can read and change. `restarted` is called as the real lab calls it. */
function lab() {
  let settings = FRESH
  const cuts: string[] = []
  const change = (wanted: SettingsChange): Settings =>
    (settings = {
      ratePerSecond: wanted.ratePerSecond ?? settings.ratePerSecond,
      conditions: { ...settings.conditions, ...wanted.conditions },
    })
  const acts: Acts = {
    settings: () => settings,
    change: (_room, wanted) => change(wanted),
    cut: (how) => void cuts.push(how),
    restart() {
      settings = FRESH
      run.restarted()
    },
  }
  let run = createSceneRun(acts)
  return {
    acts,
    change,
    cuts,
    get run() {
      return run
    },
    get settings() {
      return settings
    },
    /** Replaces the process by a new one, which knows only what the file has. */
    replace() {
      const { changed } = run
      run.stop()
      settings = FRESH
      run = createSceneRun(acts, structuredClone(changed))
    },
  }
}

const scene = (set: SettingsChange, acts: Scene['acts'] = []): Scene => ({
  id: 's',
  title: '',
  question: '',
  answers: [],
  figure: null,
  view: 'lanes',
  lanes: [],
  set,
  acts,
  runS: 30,
  look: '',
  explain: '',
  notes: [],
  minutes: 5,
})

test('a scene sets what it names, and its end puts back exactly this', () => {
  const it = lab()
  it.change({ ratePerSecond: 3, conditions: { jitterMs: 7, latencyMs: 20 } })
  it.run.begin('class-1', scene({ ratePerSecond: 5, conditions: { latencyMs: 100 } }))
  expect(it.settings).toMatchObject({ ratePerSecond: 5, conditions: { jitterMs: 7, latencyMs: 100 } })
  it.run.end()
  expect(it.settings).toEqual({ ratePerSecond: 3, conditions: { ...NEUTRAL, jitterMs: 7, latencyMs: 20 } })
})

test('what the instructor changes by hand while the scene runs stays as it is', () => {
  const it = lab()
  it.run.begin('class-1', scene({ ratePerSecond: 5, conditions: { latencyMs: 100, firewall: true } }))
  it.change({ conditions: { latencyMs: 40, jitterMs: 9 } })
  it.run.end()
  expect(it.settings).toEqual({ ratePerSecond: 1, conditions: { ...NEUTRAL, latencyMs: 40, jitterMs: 9 } })
})

test('acts happen at their times, and the end of the scene takes back their settings and the acts that are still to come', () => {
  const it = lab()
  it.run.begin(
    'class-1',
    scene({}, [
      { atS: 5, set: { conditions: { firewall: true } } },
      { atS: 7, cut: 'RST' },
      { atS: 9, cut: 'FIN' },
    ]),
  )
  vi.advanceTimersByTime(4999)
  expect(it.settings).toEqual(FRESH)
  vi.advanceTimersByTime(1)
  expect(it.settings.conditions.firewall).toBe(true)
  vi.advanceTimersByTime(2000)
  expect(it.cuts).toEqual(['RST'])
  it.run.end()
  vi.advanceTimersByTime(60_000)
  expect(it.settings).toEqual(FRESH)
  expect(it.cuts).toEqual(['RST'])
})

test('a scene that follows another one begins with the settings from before the first', () => {
  const it = lab()
  it.run.begin('class-1', scene({ conditions: { latencyMs: 100 } }))
  it.run.begin('class-1', scene({ conditions: { jitterMs: 5 } }))
  expect(it.settings.conditions).toEqual({ ...NEUTRAL, jitterMs: 5 })
  it.run.end()
  expect(it.settings).toEqual(FRESH)
})

test('after a simulated restart as an act, the scene’s settings apply again, and its end puts back what the restart took too', () => {
  const it = lab()
  it.change({ ratePerSecond: 4, conditions: { jitterMs: 7, latencyMs: 20 } })
  it.run.begin('class-1', scene({ conditions: { latencyMs: 100 } }, [{ atS: 1, restart: true }]))
  vi.advanceTimersByTime(1000)
  expect(it.settings).toEqual({ ratePerSecond: 1, conditions: { ...NEUTRAL, latencyMs: 100 } })
  it.run.end()
  expect(it.settings).toEqual({ ratePerSecond: 4, conditions: { ...NEUTRAL, jitterMs: 7, latencyMs: 20 } })
})

test('after a restart by hand, the scene’s settings apply again, and its end leaves everything neutral', () => {
  const it = lab()
  it.change({ conditions: { jitterMs: 7, latencyMs: 20 } })
  it.run.begin('class-1', scene({ ratePerSecond: 6, conditions: { latencyMs: 100 } }))
  it.acts.restart()
  expect(it.settings).toEqual({ ratePerSecond: 6, conditions: { ...NEUTRAL, latencyMs: 100 } })
  it.run.end()
  expect(it.settings).toEqual(FRESH)
})

test('a new process in the middle of a scene goes on with it, and its end puts back what was before the scene', () => {
  const it = lab()
  it.change({ ratePerSecond: 3, conditions: { jitterMs: 7 } })
  const running = scene({ ratePerSecond: 5, conditions: { latencyMs: 100 } }, [
    { atS: 2, set: { conditions: { firewall: true } } },
    { atS: 4, cut: 'RST' },
    { atS: 8, cut: 'FIN' },
  ])
  it.run.begin('class-1', running)
  vi.advanceTimersByTime(2000)
  it.replace()
  it.run.resume('class-1', running, now() - 5000)
  expect(it.settings).toMatchObject({ ratePerSecond: 5, conditions: { latencyMs: 100, firewall: true } })
  vi.advanceTimersByTime(3100)
  expect(it.cuts).toEqual(['FIN'])
  it.run.end()
  expect(it.settings).toEqual({ ratePerSecond: 3, conditions: NEUTRAL })
})
