/**
 * Connects, receives one event and, if it has a PERSON, the presence. Loses its server once and then stops. After that
 * the process must end by itself.
 */
import '../setup.ts'
import type { TransportName } from '../../server/protocol/feed.ts'
import { until } from '../until.ts'
import { connect } from './client.ts'
import { cutAfter } from './cutter.ts'

const [name, origin, as] = process.argv.slice(2)
if (name === undefined || origin === undefined) throw new Error('Usage: leaver.ts TRANSPORT ORIGIN [PERSON]')

const named = as === undefined ? {} : { person: { userId: 'leaver', name: as, client: 'one' } }
const working = connect(name as TransportName, origin, named)
await until(
  'the client has received an event and the presence',
  () => working.events.length > 0 && (as === undefined || working.presences.length > 0),
)
working.typing()
working.leave()

const cutter = await cutAfter(1, 'RST', Number(new URL(origin).port))
const waiting = connect(name as TransportName, cutter.origin, named)
await until('the client waits before it reconnects', () => waiting.states.some(({ is }) => is === 'reconnecting'))
waiting.stop()
await cutter[Symbol.asyncDispose]()
