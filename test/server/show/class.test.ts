/** The show with a restart and with a whole class, which takes too long for `npm test`. */
import { expect, test } from 'vitest'
import { readScenes } from '../../../server/show/scenes.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'
import { enter, sit } from './guest.ts'

test('the show goes on through a simulated restart: same driver, same scene, and the scene’s settings again', async () => {
  const scene = { id: 'kill', title: 'k', question: 'q', look: 'l', explain: 'e', runS: 9, minutes: 2, lanes: ['ws'] }
  const set = { ratePerSecond: 7 }
  const scenes = readScenes(JSON.stringify([{ ...scene, set, acts: [{ atS: 0.05, restart: true }] }]), 'x.json')
  await using server = await serve({ scenes, times: { countsMs: 5, saveMs: 5 } })
  const stage = await enter(server.origin)
  stage.say({ say: 'follow', seats: false })
  const phone = await sit(server.origin, 'a')
  stage.say({ say: 'go', scene: 'kill', step: 'run' })
  const { driver } = await stage.stateWith({ step: 'run' })
  await Promise.all([stage.closed, phone.closed])
  // The simulated restart refuses connections for a short time.
  const again = await until('the stage is back', () => enter(server.origin, { page: stage.page }).catch(() => null))
  again.say({ say: 'follow', seats: false })
  await again.stateWith({ scene: 'kill', step: 'run', driver })
  expect(again.settings()).toMatchObject({ ratePerSecond: 7 })
  const back = await sit(server.origin, 'a')
  expect((await back.next('seat')).seat.seat).toBe(1)
  again.say({ say: 'go', scene: 'kill', step: 'explain' })
  await again.stateWith({ step: 'explain' })
  expect(again.settings()).toMatchObject({ ratePerSecond: 1 })
})

test('two hundred seats that report at once cost the followers one message with all seats', async () => {
  await using server = await serve({ times: { seatsMs: 50 } })
  const stage = await enter(server.origin)
  stage.say({ say: 'follow', seats: true })
  const phones = await Promise.all(Array.from({ length: 200 }, (_, i) => sit(server.origin, `${i}`)))
  await until(
    'all are here',
    () =>
      stage
        .told('seats')
        .at(-1)
        ?.seats.filter(({ here }) => here).length === 200,
  )
  const before = stage.told('seats').length
  const report = { transport: 'sse', p50Ms: 1, n: 40, boundMs: 0.4, lost: 0, doubled: 0 } as const
  for (const phone of phones) phone.say({ say: 'report', report })
  await until('all have reported', () =>
    stage
      .told('seats')
      .at(-1)
      ?.seats.every((seat) => seat.report !== null),
  )
  expect(stage.told('seats').length - before).toBeLessThan(20)
})
