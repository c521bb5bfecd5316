/** Process with abusive clients of one kind: `PORT CLIENTS KIND`. Every message to it is answered with the number of refusals. */
import { KINDS } from './kinds.ts'

const [port, clients, kind = ''] = process.argv.slice(2)
let refused = 0
for (let client = 0; client < Number(clients); client++)
  KINDS[kind]?.({ port: Number(port), client, refused: () => (refused += 1) })
process.on('message', () => process.send?.(refused))
process.on('disconnect', () => process.exit())
