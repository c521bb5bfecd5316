/** Connects, receives one event, loses its server once, stops: the process must then end by itself. */
import '../setup.ts'
import type { TransportName } from '../../server/protocol.ts'
import { until } from '../until.ts'
import { connect } from './client.ts'
import { cutAfter } from './cutter.ts'

const [name, origin] = process.argv.slice(2)
if (name === undefined || origin === undefined) throw new Error('Usage: leaver.ts TRANSPORT ORIGIN')

const person = { userId: 'leaver', name: 'Leaver', client: 'one' }
const working = connect(name as TransportName, origin, { person })
await until('one has come', () => working.events.length > 0 && working.presences.length > 0)
working.typing()
working.leave()

const cutter = await cutAfter(1, 'RST', Number(new URL(origin).port))
const waiting = connect(name as TransportName, cutter.origin, { person })
await until('it waits to reconnect', () => waiting.states.some(({ is }) => is === 'reconnecting'))
waiting.stop()
await cutter[Symbol.asyncDispose]()
