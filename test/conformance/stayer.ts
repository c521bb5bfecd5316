/** Connects as a person and stays until it is killed. */
import '../setup.ts'
import type { TransportName } from '../../server/protocol/feed.ts'
import { connect } from './client.ts'

const [name, origin, userId = ''] = process.argv.slice(2)
if (name === undefined || origin === undefined) throw new Error('Usage: stayer.ts TRANSPORT ORIGIN USER')

connect(name as TransportName, origin, { person: { userId, name: userId, client: 'only' } })
