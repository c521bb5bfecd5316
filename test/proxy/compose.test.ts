/** The compose file of server/README.md, with a process instead of each container. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import { printedAddress } from '../compare/printed-address.ts'
import { connect, isUp } from '../conformance/client.ts'
import { blockOf, withThese } from '../readme.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { until } from '../until.ts'
import { configurationOf } from './configuration.ts'
import { PUBLIC, acceptAnyCertificate, isInstalled, startProxy } from './proxy.ts'

interface Service {
  readonly image: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly volumes?: readonly string[]
  readonly restart: string
  readonly stop_grace_period: string
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, null>>
}

interface Container extends AsyncDisposable {
  readonly port: number
  /** Ends the process with SIGTERM. Resolves with its exit code. */
  stop(): Promise<number | null>
}

const NAMES = Object.keys(transports) as TransportName[]
const FOURWIRES = ['fourwire-1', 'fourwire-2', 'fourwire-3']
const TOKEN = 'the-token-of-all-processes'

const { services, volumes }: Compose = parse(blockOf('yaml'))

acceptAnyCertificate()

function service(name: string): Service {
  const found = services[name]
  if (found === undefined) throw new Error(`The compose file of server/README.md has no service ${name}.`)
  return found
}

/** Replaces `${NAME:?error}` and `${NAME?error}` as `docker compose` does. */
const interpolated = (text: string, variables: Readonly<Record<string, string>>): string =>
  text.replace(/\$\{(\w+)(:?)\?[^}]+\}/g, (_all, name: string, colon: string) => {
    const value = variables[name]
    if (value === undefined || (colon !== '' && value === '')) throw new Error(`The variable ${name} is not set.`)
    return value
  })

/** Starts the process of a Fourwire's container on a free port. */
async function start(name: string, redis: string, password = ''): Promise<Container> {
  const { command = [], environment = {} } = service(name)
  const [node, ...words] = command
  expect(node).toBe('node')
  const args = withThese(words.join('\n'), { 'redis://redis:6379': redis, 'fourwire.example': PUBLIC })
  const variables = { FOURWIRE_INSTRUCTOR_TOKEN: TOKEN, FOURWIRE_PASSWORD: password }
  const given = Object.entries(environment).map(([variable, value]) => [variable, interpolated(value, variables)])
  const child = spawn(process.execPath, [...args.split('\n'), '--port=0', '--log=error'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, ...Object.fromEntries(given) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = Number(/:(\d+)$/.exec((await printedAddress(child)) ?? '')?.[1])
  const exit = once(child, 'exit')
  return {
    port,
    async stop() {
      child.kill('SIGTERM')
      return (await exit)[0]
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

/** Runs the health check of a service. Returns its exit code. `changes`: the texts that differ without a container. */
function health(name: string, changes: Readonly<Record<string, string>>): number | null {
  const [how, ...words] = service(name).healthcheck?.test ?? []
  expect(how).toBe('CMD')
  const [command = '', ...args] = withThese(words.join('\n'), changes).split('\n')
  return spawnSync(command, args).status
}

test('the compose file names only its own volumes and services, and each service starts again and has time to stop', () => {
  for (const { depends_on: needed = [], volumes: mounts = [], restart, stop_grace_period: grace } of Object.values(
    services,
  )) {
    const needs = Array.isArray(needed) ? needed : Object.keys(needed)
    expect(Object.keys(services)).toEqual(expect.arrayContaining(needs))
    for (const mount of mounts) expect(['./Caddyfile', ...Object.keys(volumes)]).toContain(mount.split(':')[0])
    expect([restart, grace]).toEqual(['unless-stopped', expect.stringMatching(/^\d+s$/)])
  }
})

test
  .skipIf(!HAS_REDIS || !isInstalled('caddy'))
  .concurrent(
    'the services of the compose file deliver by all transports through Caddy, are healthy, and stop in time (skipped if Redis or Caddy is not installed)',
    async () => {
      const { command: [program, ...settings] = [] } = service('redis')
      expect(program).toBe('redis-server')
      await using redis = await testRedis(...settings)
      expect(redis.command('CONFIG', 'GET', 'maxmemory-policy')).toContain('noeviction')
      expect(redis.command('CONFIG', 'GET', 'appendonly')).toContain('yes')
      expect(health('redis', { 'redis-cli': `redis-cli\n-s\n${redis.url}` })).toBe(0)

      await using one = await start('fourwire-1', redis.url)
      await using two = await start('fourwire-2', redis.url)
      await using three = await start('fourwire-3', redis.url)
      const processes = [one, two, three]
      FOURWIRES.forEach((name, i) => expect(health(name, { ':3000': `:${processes[i]?.port}` })).toBe(0))

      await using caddy = await startProxy('caddy', configurationOf('caddy', ...processes.map(({ port }) => port)))
      const origin = `https://${PUBLIC}:${caddy.port}`
      expect(await (await fetch(`${origin}/health`)).json()).toMatchObject({
        status: 'ok',
        redis: { commands: 'ok', events: 'ok' },
      })
      const clients = NAMES.map((transport) => connect(transport, origin))
      try {
        await until('all clients are connected', () => clients.every(isUp))
        for (const [i, client] of clients.entries()) await client.publish(`by ${i}`)
        await until('every client has all events', () => clients.every(({ events }) => events.length === NAMES.length))
        for (const client of clients) {
          expect(client.texts()).toEqual(NAMES.map((_, i) => `by ${i}`))
          expect(client.gaps).toEqual([])
        }
        // Each process accepts the token of the environment.
        const headers = { authorization: `Bearer ${TOKEN}` }
        for (const { port } of processes)
          expect((await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).status).toBe(200)

        const beginMs = performance.now()
        expect(await Promise.all(processes.map((process) => process.stop()))).toEqual([0, 0, 0])
        expect(performance.now() - beginMs).toBeLessThan(
          1000 * Number.parseInt(service('fourwire-1').stop_grace_period, 10),
        )
      } finally {
        for (const client of clients) client.stop()
      }
    },
  )

test
  .skipIf(!HAS_REDIS || !isInstalled('caddy'))
  .concurrent(
    'with a password, a person signs in once at the services of the compose file, and every process knows the session (skipped if Redis or Caddy is not installed)',
    async () => {
      const password = 'the-password-of-the-class'
      await using redis = await testRedis()
      await using one = await start('fourwire-1', redis.url, password)
      await using two = await start('fourwire-2', redis.url, password)
      await using caddy = await startProxy('caddy', configurationOf('caddy', one.port, two.port))
      const origin = `https://${PUBLIC}:${caddy.port}`
      const response = await fetch(`${origin}/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: 'Ada', password, as: 'token' }),
      })
      expect(response.status).toBe(200)
      const headers = { authorization: `Bearer ${(await response.json()).token}` }
      const places = [origin, origin, `http://127.0.0.1:${one.port}`, `http://127.0.0.1:${two.port}`]
      for (const place of places) expect((await fetch(`${place}/feed/lobby/poll?after=0`)).status).toBe(401)
      for (const place of places) expect((await fetch(`${place}/feed/lobby/poll?after=0`, { headers })).ok).toBe(true)
      expect((await fetch(`${origin}/session`, { method: 'DELETE', headers })).ok).toBe(true)
      await until('no process knows the session', async () => {
        const again = await Promise.all(places.map((place) => fetch(`${place}/feed/lobby/poll?after=0`, { headers })))
        return again.every(({ status }) => status === 401)
      })
    },
  )
