/**
 * `npm run bench:attacks [-- SECONDS [KIND …]]`: measures the delay of an honest class beside forty
 * abusive clients of each kind, in turns with a class alone.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { attack, fill, openClass } from '../server/attacks/class.ts'
import type { Class } from '../server/attacks/class.ts'
import { KINDS } from '../server/attacks/kinds.ts'
import { cpuMsOf } from '../compare/machine.ts'
import { spawnServer } from '../spawn.ts'

const CLIENTS = 40
const [seconds = '8', ...kinds] = process.argv.slice(2)

console.log('kind | p50 ms | p99 ms | n | failures | refused | processor % | alone: p99 ms | processor %')
for (const kind of kinds.length > 0 ? kinds : Object.keys(KINDS)) {
  const filled = await spawnServer('--data', ':memory:')
  await fill(filled.origin)
  await using ours = await openClass(filled.origin)
  const before = await measured(ours, 2000)
  await using attackers = attack(filled.port, CLIENTS, kind)
  await wait(1500)
  const { p50Ms, p99Ms, samples, failures, cpu } = await measured(ours, Number(seconds) * 1000)
  const refused = await attackers.refused()
  console.log(
    [
      kind,
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
      samples,
      failures,
      refused,
      cpu.toFixed(0),
      before.p99Ms.toFixed(1),
      before.cpu.toFixed(0),
    ].join(' | '),
  )
  await filled.end('SIGKILL')

  async function measured(ours: Class, forMs: number) {
    const [beganMs, beganCpuMs] = [performance.now(), cpuMsOf(filled.process.pid) ?? NaN]
    const figures = await ours.measure(forMs)
    const cpu = (100 * ((cpuMsOf(filled.process.pid) ?? NaN) - beganCpuMs)) / (performance.now() - beganMs)
    return { ...figures, cpu }
  }
}
