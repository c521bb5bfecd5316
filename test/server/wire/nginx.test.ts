/** The preset beside the proxy whose name it has: skipped where there is no nginx. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PRESETS } from '../../../server/wire/presets.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

const PRESET = PRESETS.find(({ name }) => name === 'nginx with default buffering')?.conditions ?? {}

/** Where a server is reached. */
interface Place {
  readonly host?: string
  readonly port?: number
  readonly socketPath?: string
}

function hasNginx(): boolean {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** With nothing set but where to go, and what is given; until the end of the test. */
async function nginx({ port }: Served, directive = ''): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-nginx-'))
  const socketPath = join(folder, 'nginx.sock')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder}/${of};`)
  const server = `server { listen unix:${socketPath}; location / { proxy_pass http://127.0.0.1:${port}; ${directive} } }`
  const http = `http { access_log off; ${temporary.join(' ')} ${server} }`
  await writeFile(
    join(folder, 'conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit; events {} ${http}`,
  )
  const child = spawn('nginx', ['-e', 'stderr', '-c', join(folder, 'conf')], { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(async () => {
    child.kill()
    await once(child, 'exit')
    await rm(folder, { recursive: true })
  })
  await until('it is up', () => statusOf({ socketPath }).catch(() => false))
  return { socketPath }
}

async function statusOf(place: Place): Promise<number | undefined> {
  const asked = request({ ...place, path: '/health', agent: false }).end()
  const [answer] = await once(asked, 'response')
  answer.resume()
  await once(answer, 'end')
  return answer.statusCode
}

/** Reads an event stream; answers what has come of it so far. */
function readStream(place: Place): () => string {
  let text = ''
  const asked = request({ ...place, path: '/feed/lobby/sse?after=0', agent: false }, (answer) => {
    answer.on('data', (bytes: Buffer) => (text += String(bytes))).on('error', () => {})
  }).end()
  asked.on('error', () => {})
  onTestFinished(() => void asked.destroy())
  return () => text
}

/** Of how many messages the stream brings the first. */
async function firstAfter(server: Served, place: Place): Promise<number> {
  const [through, beside] = [readStream(place), readStream({ host: '127.0.0.1', port: server.port })]
  const text = 'x'.repeat(100)
  for (let count = 1; count < 100; count++) {
    const { id } = await server.publish(text)
    await until('whoever is beside it has it', () => beside().includes(id))
    // What it does with a later request it does behind what it did with the stream.
    await statusOf(place)
    if (through() !== '') return count
  }
  return Infinity
}

test.skipIf(!hasNginx())('as it is, nginx lets the event stream through, and so does the preset', async () => {
  await using server = await serve()
  const through = readStream(await nginx(server))
  await until('its head has come', () => through().startsWith('retry:'))
  const { id } = await server.publish('1')
  await until('the event has come', () => through().includes(id))

  await using bent = await serve({ conditions: PRESET })
  const streamed = readStream({ host: '127.0.0.1', port: bent.port })
  const event = await bent.publish('1')
  await until('the event has come', () => streamed().includes(event.id))
})

test.skipIf(!hasNginx())(
  'told to ignore what the stream says, nginx holds it for as many bytes as the preset',
  async () => {
    await using server = await serve()
    const real = await firstAfter(server, await nginx(server, 'proxy_ignore_headers X-Accel-Buffering;'))
    expect(real).toBeGreaterThan(10)

    await using bent = await serve({ conditions: { ...PRESET, bufferingObeysHeader: false } })
    const streamed = readStream({ host: '127.0.0.1', port: bent.port })
    let count = 0
    while (streamed() === '' && count < 100) {
      await bent.publish('x'.repeat(100))
      count += 1
      await statusOf({ host: '127.0.0.1', port: bent.port })
    }
    expect(Math.abs(count - real)).toBeLessThanOrEqual(2)
  },
)
