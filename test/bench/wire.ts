/**
 * Measures the cost of metering for deliveries without lanes: the CPU time per delivery with `--wire on`,
 * divided by that with `--wire off`, side by side. A second server with `--wire off` shows the noise.
 *
 *   node test/bench/wire.ts [repetitions]
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { join } from 'node:path'

const CLIENTS = { sse: 500, ws: 500 }
const WARM_UP = 100
const MESSAGES = 200
const TURNS = 20
const ROLES = ['off', 'on', 'off again'] as const

type Role = (typeof ROLES)[number]

interface Fixture {
  readonly server: ChildProcess
  readonly clients: ChildProcess
}

const repetitions = Number(process.argv[2] ?? 9)
console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString()}`)
console.log(
  `${CLIENTS.sse} SSE and ${CLIENTS.ws} ws clients without lanes, ${MESSAGES} messages, ${repetitions} repetitions`,
)

const ratios: { on: number[]; again: number[] } = { on: [], again: [] }
for (let i = 0; i < repetitions; i++) {
  // Each repetition starts new processes, because each process of the same program has its own speed.
  const us = await measure(ROLES.toSpliced(0, 0, ...ROLES).slice(i % 3, (i % 3) + 3))
  ratios.on.push(us.on / us.off)
  ratios.again.push(us['off again'] / us.off)
  console.log(ROLES.map((role) => `${role}: ${us[role].toFixed(3)} µs`).join('   '))
}
console.log(`on / off:        ${summary(ratios.on)}`)
console.log(`off again / off: ${summary(ratios.again)}`)

/** Measures the CPU time per delivery in µs, in turns, so that the noise of the machine affects all servers equally. */
async function measure(roles: readonly Role[]): Promise<Record<Role, number>> {
  const turns: Record<Role, number[]> = { off: [], on: [], 'off again': [] }
  const fixtures = new Map<Role, Fixture>()
  for (const role of roles) fixtures.set(role, await start(role))
  for (const fixture of fixtures.values()) await publish(fixture, WARM_UP)
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [role, fixture] of fixtures) turns[role].push(await publish(fixture, MESSAGES / TURNS))
  }
  for (const { server, clients } of fixtures.values()) {
    clients.kill()
    server.kill()
    await Promise.all([once(server, 'exit'), once(clients, 'exit')])
  }
  const deliveries = (MESSAGES / TURNS) * (CLIENTS.sse + CLIENTS.ws)
  const typical = (role: Role) => quantile(turns[role], 0.5) / deliveries
  return { off: typical('off'), on: typical('on'), 'off again': typical('off again') }
}

async function start(role: Role): Promise<Fixture> {
  const server = fork(join(import.meta.dirname, 'wire-server.ts'), [role === 'on' ? 'on' : 'off'])
  const [port] = await once(server, 'message')
  const clients = fork(join(import.meta.dirname, 'wire-clients.ts'), [port, CLIENTS.sse, CLIENTS.ws].map(String))
  await once(clients, 'message')
  return { server, clients }
}

/** Publishes messages, each after all clients have the previous one. Returns the server's CPU time in µs. */
async function publish({ server, clients }: Fixture, count: number): Promise<number> {
  const ask = async (): Promise<number> => {
    server.send('cpu')
    const [us] = await once(server, 'message')
    return us
  }
  const before = await ask()
  for (let i = 0; i < count; i++) {
    const delivered = once(clients, 'message')
    server.send('publish')
    await delivered
  }
  return (await ask()) - before
}

function summary(values: readonly number[]): string {
  const at = (share: number) => quantile(values, share).toFixed(4)
  return `median ${at(0.5)}, from ${at(0)} to ${at(1)}`
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.round((sorted.length - 1) * share)] ?? NaN
}
