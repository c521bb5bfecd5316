/** Clients that disappear without a FIN while bytes are on their way to them. */
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { createAccess } from '../../../server/access/access.ts'
import { createApp } from '../../../server/app.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { unansweredIn } from '../../../server/transports/unanswered.ts'
import { get, raw } from '../../raw.ts'
import { until } from '../../until.ts'
import { layCable } from './cable.ts'
import { listenToDrops } from './drops.ts'
import { routesOf } from './routes.ts'

/** Times for the tests: a stream has bytes on their way after 0.3 s, and no client counts as slow. */
const TIMES = { heartbeatMs: 300, unansweredMs: 1000, stalledMs: 600_000 }

const DROPPED = 'half-open: no byte acknowledged for 1 s'

/** Program that sends its third argument to the given port and address. Its fourth says whether it reads the answer. */
const CLIENT = `
  const [port, host, request, reads] = process.argv.slice(1)
  const socket = require('node:net').connect(port, host)
  socket.write(request)
  if (reads === 'reads') socket.resume()
  // A socket without a reader does not keep the process alive.
  setInterval(() => {}, 60_000)
`

async function listen() {
  const log = memoryLog()
  const app = await createApp({ log, access: createAccess(), limits: false, times: TIMES })
  onTestFinished(() => app.close())
  await app.listen({ host: '0.0.0.0', port: 0 })
  const address = app.server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port.')
  const { port } = address
  const origin = `http://127.0.0.1:${port}`
  const publish = (text: string) => log.append('lobby', { type: 'message', user: 'Ada', text })
  return { app, port, origin, publish }
}

test.for([...routesOf('stream'), '/feed/lobby/long-poll'])(
  'the server drops a client of %s that disappears while bytes are on their way, and the page gets the reason',
  async (path, { skip }) => {
    const laid = layCable()
    if (typeof laid === 'string') return skip(laid)
    using cable = laid
    const { app, port, origin, publish } = await listen()
    using page = await listenToDrops(origin, 'a1b2c3d4')
    const asked = once(app.server, 'request')
    const request = get(`${path}?after=0&lane=a1b2c3d4.gone`)
    cable.run(CLIENT, String(port), cable.here, request, 'reads')
    const [{ socket }] = await asked
    cable.loseTheWayBack()
    await publish('into the void')
    await until('the client is dropped', () => page.drops.length > 0)
    expect(page.drops).toMatchObject([{ lane: 'a1b2c3d4.gone', reason: DROPPED }])
    await until('the connection of the client is closed', () => socket.destroyed)
  },
)

test(
  'the server does not treat a connected client that reads nothing as gone',
  { timeout: 60_000 },
  async ({ skip }) => {
    const laid = layCable()
    if (typeof laid === 'string') return skip(laid)
    using cable = laid
    const { app, port, origin, publish } = await listen()
    using page = await listenToDrops(origin, 'a1b2c3d4')
    const asked = once(app.server, 'request')
    cable.run(CLIENT, String(port), cable.here, get('/feed/lobby/sse?after=0&lane=a1b2c3d4.sse'), 'does not')
    const [{ socket }] = await asked
    // The buffers of both kernels hold less than this.
    await Promise.all(Array.from({ length: 1500 }, () => publish('x'.repeat(4000))))
    await until('the socket accepts no more bytes', () => socket.writableNeedDrain)
    await using other = raw(port, get('/feed/elsewhere/sse'))
    await until('four times the allowed time has passed', () => other.text().split(':hb').length > 14)
    expect(page.drops).toEqual([])
    expect(socket.destroyed).toBe(false)
  },
)

/** Line of the kernel's table for a connection to port 50,800 at 198.18.0.2. */
const row = (timer: string, tries: string, lengthCs: number) =>
  ` 348: 010012C6:8003 020012C6:C670 01 00000001:00000000 ${timer} ${tries}     0        0 258086 2 0000000000000000 ${lengthCs} 0 0 1 -1                     \n`

test.each([
  // The timeout of 0.2 s was doubled four times, and half of the last one is over: 0.2 + 0.4 + 0.8 + 1.6 + 1.6 s.
  ['bytes that were sent again four times', row('01:000000A0', '00000004', 320), { 4500: 1, 4700: 0 }],
  ['bytes that were sent again once, on a bad line', row('01:00000010', '00000001', 40), { 300: 1, 1000: 0 }],
  ['bytes that were not sent again', row('01:00000010', '00000000', 200), { 0: 0 }],
  ['bytes for a client that reads nothing', row('04:000003E8', '00000000', 20), { 0: 0 }],
  ['bytes that are all acknowledged', row('02:00000300', '00000000', 20), { 0: 0 }],
])(
  'the server reads in the kernel’s table how long a connection has waited for an acknowledgement: %s',
  (_what, table, expected) => {
    for (const [forMs, count] of Object.entries(expected))
      expect(unansweredIn(table, Number(forMs)), `for ${forMs} ms`).toHaveLength(count)
  },
)

test.each([
  ['020012C6', '32771 198.18.0.2 50800'],
  ['0000000000000000FFFF0000020012C6', '32771 [::ffff:c612:2] 50800'],
  ['000080FE00000000FF005450B6AD1DFE', '32771 [fe80::5054:ff:fe1d:adb6] 50800'],
])('the server correctly reads the address %s of the kernel’s table', (address, name) => {
  expect(unansweredIn(row('01:00000000', '00000004', 320).replace('020012C6', address), 0)).toEqual([name])
})
