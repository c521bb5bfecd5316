// Lets Node run the TypeScript of this package inside `node_modules`, where Node itself removes no types. `launch.js`
// loads this file before the program. A process or a thread that inherits the flags of Node loads it as well. It is
// plain JavaScript, because nothing removes types before it runs.
//
// In the repository, Node keeps the code without its types in its compile cache. This file removes the types at each
// start, so a start takes about 0.3 s of processor time more.
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

const PACKAGE = new URL('../../', import.meta.url).href

registerHooks({
  load(url, context, nextLoad) {
    if (!url.startsWith(PACKAGE) || !url.endsWith('.ts')) return nextLoad(url, context)
    const text = readFileSync(fileURLToPath(url), 'utf8')
    return { format: 'module', source: quietly(() => stripTypeScriptTypes(text)), shortCircuit: true }
  },
})

/** Calls `strip` without Node's warning that the function is experimental, which would confuse people. */
function quietly(strip) {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return strip()
  } finally {
    process.emitWarning = emitWarning
  }
}
