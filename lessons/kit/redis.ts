/**
 * A Redis server for a lesson: found, or brought where that can be; in a process of its own, on a free port, with
 * nothing kept on disk, and gone at the end. Programs reach it by links, which a check can cut and hold.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Unclear } from './exercise.ts'
import { freePort } from './port.ts'

export interface Redis extends AsyncDisposable {
  readonly port: number
  /** A way to it of one's own, for one program. */
  link(): Promise<Link>
  stop(): Promise<void>
}

export interface Link {
  /** `redis://127.0.0.1:PORT`, for REDIS_URL. */
  readonly url: string
  /** Connections over it that are open. */
  readonly open: number
  /** Connections whose last command has gone to Redis and is not answered: a read that blocks is one. */
  readonly waiting: number
  /** Of these, those whose command waits for news: a read with BLOCK, and none of those with which a program begins. */
  readonly blocked: number
  /** Resets what is open, and whatever tries to come back, until it is mended. */
  cut(): void
  mend(): void
  /** Lets so many further commands of each connection pass to Redis, and keeps what comes behind them until it is released. */
  hold(commands: number): void
  /** How much is kept, in pieces as they came. */
  readonly held: number
  release(): void
  close(): void
}

/** Throws `Unclear`, with what to do, where there is no Redis and none can be brought. */
export async function startRedis(): Promise<Redis> {
  const path = await findRedis()
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-redis-'))
  const port = await freePort()
  const flags = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder]
  // Whatever ends this process closes the pipe, and with that Redis.
  const child = spawn('sh', ['-c', WITH_THE_PIPE, folder, path, ...flags], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.on('error', () => {})
  const closed = once(child, 'close')
  const links = new Set<Link>()
  const stop = async () => {
    for (const link of links) link.close()
    child.stdin.end()
    await closed
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilReady(child, path)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port,
    async link() {
      const link = await openLink(port)
      links.add(link)
      return link
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Runs its arguments until its stdin is over. */
const WITH_THE_PIPE =
  '"$@" & child=$!; cat >/dev/null; kill -9 "$child" 2>/dev/null; wait; rmdir "$0" 2>/dev/null; exit 0'

async function openLink(port: number): Promise<Link> {
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket }>()
  let isCut = false
  /** Of each connection from now on; null where nothing is held. */
  let most: number | null = null
  let passed = new WeakMap<Socket, number>()
  let kept: (() => void)[] = []
  /** With whether it may take long. */
  const waiting = new Map<Socket, boolean>()
  const server = createServer((near) => {
    near.on('error', () => {})
    if (isCut) return void near.resetAndDestroy()
    const far = connect(port, '127.0.0.1').on('error', () => {})
    const pair = { near, far }
    pairs.add(pair)
    far.on('data', () => waiting.delete(near)).pipe(near)
    near.on('data', (command: Buffer) => {
      const count = passed.get(near) ?? 0
      if (most !== null && count >= most) return void kept.push(() => far.write(command))
      passed.set(near, count + 1)
      waiting.set(near, /\r\nblock\r\n/i.test(command.toString('latin1')))
      far.write(command)
    })
    for (const one of [near, far])
      one.once('close', () => {
        near.destroy()
        far.destroy()
        pairs.delete(pair)
        waiting.delete(near)
      })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const cutAll = () => {
    for (const { near } of pairs) near.resetAndDestroy()
    pairs.clear()
  }
  return {
    url: `redis://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    get open() {
      return pairs.size
    },
    get waiting() {
      return waiting.size
    },
    get blocked() {
      return [...waiting.values()].filter(Boolean).length
    },
    cut() {
      isCut = true
      cutAll()
    },
    mend: () => void (isCut = false),
    hold(commands) {
      most = commands
      passed = new WeakMap()
    },
    get held() {
      return kept.length
    },
    release() {
      most = null
      for (const send of kept) send()
      kept = []
    },
    close() {
      server.close()
      cutAll()
    },
  }
}

const READY_MS = 10_000

async function untilReady(child: ChildProcess, path: string): Promise<void> {
  let said = ''
  const { promise, resolve } = Promise.withResolvers<boolean>()
  child.once('error', () => resolve(false))
  child.once('exit', () => resolve(false))
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.includes('Ready to accept connections')) resolve(true)
  })
  const timer = setTimeout(() => resolve(false), READY_MS)
  const isReady = await promise
  clearTimeout(timer)
  if (isReady) return
  throw new Unclear(`${path} did not start: ${said.trim().split('\n').at(-1) || 'it said nothing'}`)
}

async function findRedis(): Promise<string> {
  const named = process.env['FOURWIRE_REDIS']
  if (named) {
    if (await runs(named)) return named
    throw new Unclear(`FOURWIRE_REDIS is "${named}", which does not run. Correct it, or unset it to have one found.`)
  }
  const found = (await ofSystem()) ?? (await installedByApt())
  if (found) return found
  throw new Unclear(
    'There is no Redis here, which this lesson needs, and none could be installed. Install redis-server (Debian, Ubuntu: apt install redis-server; macOS: brew install redis), or set FOURWIRE_REDIS to the path of one.',
  )
}

const COMMANDS = ['redis-server', 'valkey-server']

async function ofSystem(): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const path of folders.flatMap((folder) => COMMANDS.map((command) => join(folder, command))))
    if (existsSync(path) && (await runs(path))) return path
  return undefined
}

async function installedByApt(): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined
  process.stderr.write('Redis for the lesson: none here; as root: apt-get update && apt-get install -y redis-server\n')
  const isInstalled =
    (await succeeds('apt-get', 'update')) && (await succeeds('apt-get', 'install', '-y', 'redis-server'))
  return isInstalled ? ofSystem() : undefined
}

const runs = (path: string): Promise<boolean> => succeeds(path, '--version')

async function succeeds(command: string, ...args: readonly string[]): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const child = spawn(command, args, { stdio: 'ignore', env })
  child.once('error', () => resolve(false))
  child.once('exit', (code) => resolve(code === 0))
  return promise
}
