/**
 * Checks the page's figures of lanes that share connections, with the lab's own messages, over a restart of the
 * server.
 */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { expect, test } from 'vitest'
import type { Lanes } from '../../../server/protocol/wire.ts'
import { openLab } from '../../../web/lab/lab.ts'
import { createUsageMeter } from '../../../web/lane/usage.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

const PAGE = '0123abcd'
const LANES = ['short-poll', 'long-poll', 'sse'].map((name) => `${PAGE}.${name}`)
const conditions = { latencyMs: 10, jitterMs: 20 }

test('the page’s byte totals never fall, equal the server’s totals, and continue with the next server', async () => {
  let server = await serve({ conditions })
  const { port, origin } = server
  const usage = new Map(LANES.map((lane) => [lane, createUsageMeter()]))
  const totals = () => Array.from(usage.values(), ({ total }) => (total ? total.bytesUp + total.bytesDown : 0))
  const falls: unknown[] = []
  const open = () =>
    openLab(origin, 'lobby', PAGE, {
      lanes(life, readings) {
        const before = totals()
        for (const reading of readings) usage.get(reading.lane)?.take(life, reading, 0)
        if (totals().some((total, i) => total < (before[i] ?? 0))) falls.push([before, totals()])
      },
      ...NOBODY,
    })
  let lab = open()
  const isTold = (expected: readonly number[]) => () => JSON.stringify(totals()) === JSON.stringify(expected)

  await polls(server, 8)
  const first = await used(server)
  await until('the page has the figures of the first server', isTold(first))
  lab.stop()
  await server.close()
  server = await serve({ port, conditions })
  // The lanes use more than at the first server, so their counts never fall. The page must notice the new server in
  // another way.
  await polls(server, 12)
  const second = await used(server)
  lab = open()
  await until(
    'the page has the sum of the figures of both servers',
    isTold(first.map((bytes, i) => bytes + (second[i] ?? 0))),
  ).catch(() => {})
  expect(totals()).toEqual(first.map((bytes, i) => bytes + (second[i] ?? 0)))
  expect(falls).toEqual([])
  lab.stop()
  await server.close()
})

const NOBODY = {
  welcome() {},
  clock() {},
  settings() {},
  instructor() {},
  here() {},
  presence() {},
  cut() {},
  dropped() {},
  wire() {},
  show() {},
  trouble() {},
  lost() {},
}

async function used({ app }: Served): Promise<number[]> {
  const { body } = await app.inject({ url: '/lab/lanes', headers: { host: 'localhost' } })
  const { lanes }: Lanes = JSON.parse(body)
  return LANES.map((name) => {
    const lane = lanes.find(({ lane }) => lane === name)
    return lane ? lane.bytesUp + lane.bytesDown : 0
  })
}

/** Sends the polls of each lane one after the other, all over one connection. */
async function polls({ port }: Served, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  await Promise.all(
    LANES.map(async (lane) => {
      for (let i = 0; i < count; i++) {
        const asked = request({ port, host: '127.0.0.1', path: `/feed/lobby/poll?after=0&lane=${lane}`, agent }).end()
        const [answer] = await once(asked, 'response')
        answer.resume()
        await once(answer, 'end')
      }
    }),
  )
  agent.destroy()
}
