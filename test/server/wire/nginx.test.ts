/** The preset compared with a real nginx. Skipped if nginx is not installed. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PRESETS } from '../../../server/wire/bend/presets.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

const PRESET = PRESETS.find(({ name }) => name === 'nginx with default buffering')?.conditions ?? {}

/** Address of a server. */
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

/** Starts nginx with a target and one directive; everything else has its default. It runs until the end of the test. */
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
  await until('nginx responds', () => statusOf({ socketPath }).catch(() => false))
  return { socketPath }
}

async function statusOf(place: Place): Promise<number | undefined> {
  const asked = request({ ...place, path: '/health', agent: false }).end()
  const [answer] = await once(asked, 'response')
  answer.resume()
  await once(answer, 'end')
  return answer.statusCode
}

/** Reads an event stream. Returns a function that returns the text so far. */
function readStream(place: Place): () => string {
  let text = ''
  const asked = request({ ...place, path: '/feed/lobby/sse?after=0', agent: false }, (answer) => {
    answer.on('data', (bytes: Buffer) => (text += String(bytes))).on('error', () => {})
  }).end()
  asked.on('error', () => {})
  onTestFinished(() => void asked.destroy())
  return () => text
}

/** Returns the number of published messages after which the stream brings the first one. */
async function firstAfter(server: Served, place: Place): Promise<number> {
  const [through, beside] = [readStream(place), readStream({ host: '127.0.0.1', port: server.port })]
  const text = 'x'.repeat(100)
  for (let count = 1; count < 100; count++) {
    const { id } = await server.publish(text)
    await until('the client without nginx has the message', () => beside().includes(id))
    // nginx handles this later request after it has handled the stream.
    await statusOf(place)
    if (through() !== '') return count
  }
  return Infinity
}

test.skipIf(!hasNginx())(
  'an event stream passes at once through nginx with its defaults, and through the preset of the sandbox',
  async () => {
    await using server = await serve()
    const through = readStream(await nginx(server))
    await until('the head of the stream has arrived', () => through().startsWith('retry:'))
    const { id } = await server.publish('1')
    await until('the event has arrived through nginx', () => through().includes(id))

    await using bent = await serve({ conditions: PRESET })
    const streamed = readStream({ host: '127.0.0.1', port: bent.port })
    const event = await bent.publish('1')
    await until('the event has arrived through the preset', () => streamed().includes(event.id))
  },
)

test.skipIf(!hasNginx())(
  'nginx with proxy_ignore_headers and the preset of the sandbox hold about the same number of bytes of a stream',
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
