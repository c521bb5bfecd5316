/**
 * `npm run chaos -- --minutes 10 --seed 1`: runs scenarios, each with a seed of its own, until the time is
 * over. `--seed N --scenarios 1` repeats one scenario. `--store Redis` runs only scenarios of several processes.
 */
import '../setup.ts'
import { parseArgs } from 'node:util'
import { launch } from '../browser/chromium.ts'
import { HAS_REDIS } from '../redis.ts'
import { run } from './scenario.ts'
import type { Counts } from './scenario.ts'
import { STORES } from './world.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    scenarios: { type: 'string', default: 'Infinity' },
    store: { type: 'string' },
    'no-browser': { type: 'boolean', default: false },
  },
})
const [minutes, first, scenarios] = [number('minutes'), number('seed'), number('scenarios')]
const end = performance.now() + minutes * 60_000
const counts: Counts = { messages: 0, deliveries: 0, faults: 0 }
const stores = STORES.filter((store) =>
  values.store === undefined ? HAS_REDIS || !store.endsWith('Redis') : store === values.store,
)
if (stores.length === 0) throw new TypeError(`--store is "${values.store}". Give one of: ${STORES.join(', ')}.`)
const browser = values['no-browser'] ? null : await launch()

console.log(`Chaos from seed ${first} for ${minutes} min.`)
let seed = first
try {
  for (; performance.now() < end && seed < first + scenarios; seed++) {
    await run(seed, browser, stores, counts)
    console.log(`seed ${seed}: nothing lost, doubled, out of order or left. So far ${summary()}`)
  }
  console.log(
    `${seed - first} scenarios from seed ${first}: ${summary()}; 0 lost, 0 doubled, 0 out of order, nothing left.`,
  )
} catch (error) {
  console.error(`Seed ${seed} shows a flaw. Again: npm run chaos -- --seed ${seed} --scenarios 1`)
  console.error(error)
  process.exitCode = 1
} finally {
  await browser?.close()
}
// The result is known and the leaks are counted, so the process can end at once.
process.exit()

function summary(): string {
  const { messages, deliveries, faults } = counts
  return [`${messages} messages`, `${deliveries} deliveries to 8 clients`, `${faults} faults`].join(', ')
}

function number(name: 'minutes' | 'seed' | 'scenarios'): number {
  const value = Number(values[name])
  if (Number.isNaN(value) || value < 0) throw new TypeError(`--${name} is "${values[name]}". Give a number.`)
  return value
}
