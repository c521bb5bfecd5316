/**
 * Connects, receives one event and, as a PERSON of that name, who is here; loses its server once, stops: the process
 * must then end by itself.
 */
import '../setup.ts'
import type { TransportName } from '../../server/protocol.ts'
import { until } from '../until.ts'
import { connect } from './client.ts'
import { cutAfter } from './cutter.ts'

const [name, origin, as] = process.argv.slice(2)
if (name === undefined || origin === undefined) throw new Error('Usage: leaver.ts TRANSPORT ORIGIN [PERSON]')

const named = as === undefined ? {} : { person: { userId: 'leaver', name: as, client: 'one' } }
const working = connect(name as TransportName, origin, named)
await until('one has come', () => working.events.length > 0 && (as === undefined || working.presences.length > 0))
working.typing()
working.leave()

const cutter = await cutAfter(1, 'RST', Number(new URL(origin).port))
const waiting = connect(name as TransportName, cutter.origin, named)
await until('it waits to reconnect', () => waiting.states.some(({ is }) => is === 'reconnecting'))
waiting.stop()
await cutter[Symbol.asyncDispose]()
