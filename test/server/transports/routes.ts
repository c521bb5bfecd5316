/** Routes of the transports in the lobby, for tests that hold for all of them or for one kind. */
import { transports } from '../../../server/transports/index.ts'
import type { ListedTransport } from '../../../server/transports/listed.ts'

const all = Object.values(transports)

export const routesOf = (kind: ListedTransport['kind']): string[] =>
  all.filter((transport) => transport.kind === kind).map(({ paths: [path = ''] }) => path.replace(':room', 'lobby'))
