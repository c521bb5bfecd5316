/** Adds a transport in its own file and in the record. All pure functions of the page then support it. */
import { afterAll, expect, test, vi } from 'vitest'
import type { Event, TransportName } from '../../../server/protocol/feed.ts'
import type { Conditions } from '../../../server/protocol/lab.ts'

// Other test files of the same worker may have loaded these modules with the original record.
vi.resetModules()
vi.doMock('../../../web/transports/index.ts', async (original) => {
  const { transports } = await original<{ readonly transports: object }>()
  const { toy } = await import('./toy.ts')
  return { transports: { ...transports, toy } }
})

const { LABELS, LANES, TRANSPORTS, USUAL } = await import('../../../web/lane/order.ts')
const { addressTrouble, readAddress, writeAddress } = await import('../../../web/session/address.ts')
const { addShape } = await import('../../../web/drawing/shape-path.ts')
const { transports } = await import('../../../web/transports/index.ts')
const { FALLBACKS: ORDER } = await import('../../../web/lane/order.ts')
const { conditionsOf, predict } = await import('../../../web/measure/choosing.ts')
const { readWorkload } = await import('../../../web/measure/workload.ts')
const { holdsBack } = await import('../../../web/session/network.ts')
const { toCsv } = await import('../../../web/sandbox/csv.ts')
const { createExchanges } = await import('../../../web/session/exchanges.ts')
const { sentenceOf } = await import('../../../web/inspect/exchange.ts')
const { see } = await import('../../../web/inspect/see.ts')
const { chunk, head, inspected } = await import('../inspect/parts.ts')
const { createLane } = await import('../../../web/lane/lane.ts')
const { createMessages } = await import('../../../web/lane/messages.ts')
const { toy } = await import('./toy.ts')

afterAll(() => {
  vi.doUnmock('../../../web/transports/index.ts')
  vi.resetModules()
})

const TOY = 'toy' as TransportName

test('a new transport has a name, a label, a shape and an address', () => {
  expect([TRANSPORTS.at(-1), LANES.at(-2), LABELS[TOY]]).toEqual([TOY, TOY, 'Toy'])
  expect(USUAL).not.toContain(TOY)
  expect(readAddress('?lanes=sse,toy').lanes).toEqual(['sse', TOY])
  expect(writeAddress(readAddress('?lanes=sse,toy&open=toy:server'))).toBe('?lanes=sse,toy&open=toy:server')
  expect(addressTrouble('?lanes=toy')).toBeNull()
})

test('a new transport is drawn with its own corners', () => {
  const points: number[][] = []
  const to = (x: number, y: number): void => void points.push([x, y])
  addShape({ moveTo: to, lineTo: to, arc() {}, closePath() {} }, TOY, 100, 50, 10)
  expect(points).toEqual([
    [88, 44],
    [112, 44],
    [112, 56],
    [88, 56],
  ])
})

test('a new transport has a model and costs, and takes part in the fallback and in the choice', () => {
  const way = { roundTripMs: 40, serviceMs: 1 }
  const workload = readWorkload('?path=buffers')
  const conditions = conditionsOf(workload, way)
  expect(transports[TOY].model.delay(conditions)).toMatchObject({ p50Ms: expect.closeTo(21, 3) })
  expect(ORDER.at(-1)).toBe(TOY)
  const sizes = { payload: 150, heads: 700, framing: 20, empty: 550 }
  expect(predict(transports[TOY], workload, sizes, way, { post: 900, socket: 250 }).out).toMatch(/proxy/)
})

test('a new transport can be held back by a buffering proxy, and appears in exports and in the inspector', () => {
  const buffering = { bufferingBytes: 4096, bufferingObeysHeader: false } as Conditions
  expect(holdsBack(buffering, TOY)).toBe(true)

  const messages = createMessages()
  messages.startAt('k.0')
  const line = { publish: () => Promise.resolve('k.0'), typing() {}, stop() {}, leave() {} }
  let bring: (events: readonly Event[], receivedAtMs: number) => void = () => {}
  const lane = createLane(
    { name: TOY, transport: TOY },
    { ...toy, connect: (_, listener) => ((bring = listener.events), line) },
    {
      messages,
      target: () => ({ origin: '', room: 'lobby', intervalMs: 1000, waitS: 25 }),
      offsetMs: () => 0,
      changed() {},
      heard() {},
      gap() {},
      activity() {},
    },
  )
  lane.switchOn('k.0')
  bring([{ id: 'k.1', room: 'lobby', type: 'tick', at: 1000 }], 1012.5)
  const [titles, row] = toCsv(messages.all, [lane]).split('\r\n')
  expect(titles).toBe('id,at,type,user,text,toy ms,not measured')
  expect(row).toContain(',12.500,')

  const exchanges = createExchanges()
  exchanges.take([{ is: 'request', lane: 'a1b2c3d4.toy', exchange: 7, up: true, at: 0, bytes: 100 }])
  expect(exchanges.latest(TOY)).toBe(7)
  const found = inspected(
    [head(true, 'GET / HTTP/1.1'), head(false, 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'), chunk('{}\n')],
    { transport: TOY },
  )
  expect(
    sentenceOf(
      found,
      see(found, () => false),
    )[0],
  ).toMatch(/^A response that does not end/)
})
