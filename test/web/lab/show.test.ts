import { expect, test } from 'vitest'
import type { ShowMessage } from '../../../server/protocol/show.ts'
import { openLab } from '../../../web/lab/lab.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

test('the lab of a page hands over what the page and the show say to each other', async () => {
  await using server = await serve()
  const told: ShowMessage[] = []
  const nothing = (): void => {}
  const lab = openLab(server.origin, 'class-1', '0123abcd', {
    welcome: () => lab.say({ say: 'follow', seats: true }),
    show: (message) => told.push(message),
    clock: nothing,
    settings: nothing,
    instructor: nothing,
    here: nothing,
    presence: nothing,
    cut: nothing,
    dropped: nothing,
    lanes: nothing,
    wire: nothing,
    trouble: nothing,
    lost: nothing,
  })
  await until('the page has the seats', () => told.length === 3)
  expect(told.map(({ tell }) => tell)).toEqual(['scenes', 'state', 'seats'])
  lab.stop()
})
