/**
 * A Redis server for a lesson, in a separate process on a free port, without files. It is searched for on this machine,
 * and installed if that is possible. Programs connect through links, which a check can cut and hold.
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
import { createInterface } from 'node:readline'
import { Unclear } from './finding.ts'
import { freePort, listen } from './port.ts'

export interface Redis extends AsyncDisposable {
  readonly port: number
  /** Opens a link for one program. */
  link(): Promise<RedisLink>
  stop(): Promise<void>
}

export interface RedisLink {
  /** `redis://127.0.0.1:PORT`, for REDIS_URL. */
  readonly url: string
  /** Number of open connections. */
  readonly open: number
  /** Number of connections that wait for a reply of Redis, for example to a blocking read. */
  readonly waiting: number
  /** For each read that waits for an entry, its time limit in milliseconds; 0 stands for no limit. */
  readonly blockedMs: readonly number[]
  /** Resets all connections, and every new one until `mend` is called. */
  cut(): void
  mend(): void
  /**
   * Lets the next `commands` commands of each connection pass, and holds all later ones until `release` is called.
   * `blocking`: holds only reads with BLOCK, and sends the other commands that are held.
   */
  hold(commands: number | 'blocking'): void
  /** Number of pieces that are held. */
  readonly held: number
  release(): void
  /** While this is true, each read with BLOCK waits for 1 ms only. A read without a limit (BLOCK 0) still waits. */
  isShort: boolean
  /** Number of commands that Redis got. */
  readonly sent: number
  /** Returns a function that stops it. Calls back with each command that Redis runs from now on, and with those in its scripts. */
  watch(listener: (command: RedisCommand) => void): Promise<() => void>
  /** Removes everything that Redis holds, as if it had just been started. */
  empty(): Promise<void>
  close(): void
}

export interface RedisCommand {
  /** True if a script called it. */
  readonly isOfScript: boolean
  /** The command in small letters, and its arguments. */
  readonly words: readonly string[]
}

/** Throws `Unclear` with a remedy if the client for Redis is missing, or if there is no Redis and none can be installed. */
export async function startRedis(): Promise<Redis> {
  requireClient()
  const path = await findRedis()
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-redis-'))
  const port = await freePort()
  const flags = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder]
  // The end of this process closes the pipe, and that ends Redis.
  const child = spawn('sh', ['-c', WITH_THE_PIPE, folder, path, ...flags], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.on('error', () => {})
  const closed = once(child, 'close')
  const links = new Set<RedisLink>()
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

/** Shell script that runs its arguments until its stdin ends. */
const WITH_THE_PIPE =
  '"$@" & child=$!; cat >/dev/null; kill -9 "$child" 2>/dev/null; wait; rmdir "$0" 2>/dev/null; exit 0'

async function openLink(port: number): Promise<RedisLink> {
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket }>()
  let isCut = false
  /** Number of commands that each connection may send, or the kind that is held; null if nothing is held. */
  let most: number | 'blocking' | null = null
  let passed = new WeakMap<Socket, number>()
  let kept: { readonly isBlocking: boolean; readonly send: () => void }[] = []
  let isShort = false
  let sent = 0
  /** Connections that wait for a reply, and the time limit of their read; null for every other command. */
  const waiting = new Map<Socket, number | null>()
  const server = createServer((near) => {
    near.on('error', () => {})
    if (isCut) return void near.resetAndDestroy()
    const far = connect(port, '127.0.0.1').on('error', () => {})
    const pair = { near, far }
    pairs.add(pair)
    far.on('data', () => waiting.delete(near)).pipe(near)
    near.on('data', (command: Buffer) => {
      const [, blockMs = null] = BLOCK.exec(command.toString('latin1')) ?? []
      const isBlocking = blockMs !== null
      const send = () => {
        sent += 1
        waiting.set(near, blockMs === null ? null : Number(blockMs))
        far.write(isShort ? shortened(command) : command)
      }
      const count = passed.get(near) ?? 0
      if (most === 'blocking' ? isBlocking : most !== null && count >= most) return void kept.push({ isBlocking, send })
      passed.set(near, count + 1)
      send()
    })
    for (const one of [near, far])
      one.once('close', () => {
        near.destroy()
        far.destroy()
        pairs.delete(pair)
        waiting.delete(near)
      })
  })
  const ownPort = await listen(server)
  const cutAll = () => {
    for (const { near } of pairs) near.resetAndDestroy()
    pairs.clear()
  }
  return {
    url: `redis://127.0.0.1:${ownPort}`,
    get open() {
      return pairs.size
    },
    get waiting() {
      return waiting.size
    },
    get blockedMs() {
      return [...waiting.values()].filter((ms) => ms !== null)
    },
    cut() {
      isCut = true
      cutAll()
    },
    mend: () => void (isCut = false),
    hold(commands) {
      most = commands
      passed = new WeakMap()
      if (commands !== 'blocking') return
      const others = kept.filter(({ isBlocking }) => !isBlocking)
      kept = kept.filter(({ isBlocking }) => isBlocking)
      for (const { send } of others) send()
    },
    get held() {
      return kept.length
    },
    release() {
      most = null
      const all = kept
      kept = []
      for (const { send } of all) send()
    },
    get isShort() {
      return isShort
    },
    set isShort(is) {
      isShort = is
    },
    get sent() {
      return sent
    },
    watch: (listener) => watchCommands(port, listener),
    empty: () => empty(port),
    close() {
      server.close()
      cutAll()
    },
  }
}

const BLOCK = /\r\nblock\r\n\$\d+\r\n(\d+)\r\n/i

/** Returns a read with BLOCK 1. A read with BLOCK 0, which never ends without an entry, is unchanged. */
function shortened(command: Buffer): Buffer {
  const text = command.toString('latin1')
  return Buffer.from(
    text.replace(BLOCK, (all, ms) => (ms === '0' ? all : '\r\nBLOCK\r\n$1\r\n1\r\n')),
    'latin1',
  )
}

async function empty(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.write('FLUSHALL\r\n')
  // Redis has removed everything when its reply comes.
  await once(socket, 'data')
  socket.destroy()
}

/** A line of MONITOR: `+1764437000.123 [0 lua] "INCR" "feed:seq"`. */
const MONITORED = /^\+[\d.]+ \[\d+ (\S+)\] (.*)$/

async function watchCommands(port: number, listener: (command: RedisCommand) => void): Promise<() => void> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  const started = Promise.withResolvers<void>()
  createInterface({ input: socket }).on('line', (line) => {
    if (line === '+OK') return started.resolve()
    const [, from, command = ''] = MONITORED.exec(line) ?? []
    const [name = '', ...rest] = Array.from(command.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, word = '']) => word)
    listener({ isOfScript: from === 'lua', words: [name.toLowerCase(), ...rest] })
  })
  socket.write('MONITOR\r\n')
  await started.promise
  return () => socket.destroy()
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
  throw new Unclear(`${path} did not start: ${said.trim().split('\n').at(-1) || 'it printed nothing'}`)
}

/** The lesson imports this package only in the student's program, whose error would not say what to do. */
function requireClient(): void {
  try {
    import.meta.resolve('ioredis')
  } catch {
    throw new Unclear('The package ioredis is missing, which this lesson needs. Install it with: npm install')
  }
}

async function findRedis(): Promise<string> {
  const named = process.env['FOURWIRE_REDIS_SERVER']
  if (named) {
    if (await runs(named)) return named
    throw new Unclear(
      `FOURWIRE_REDIS_SERVER is "${named}", which does not run. Correct it, or unset it so that one is searched for.`,
    )
  }
  const found = (await ofSystem()) ?? (await installedByApt())
  if (found) return found
  throw new Unclear(
    'This lesson needs Redis. There is none on this machine, and it could not be installed. Install redis-server (Debian, Ubuntu: apt install redis-server; macOS: brew install redis; Windows: run the course in WSL, which is Linux), or set FOURWIRE_REDIS_SERVER to the path of a Redis server.',
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
  process.stderr.write(
    'The lesson needs Redis, and there is none here. Installing it: apt-get update && apt-get install -y redis-server\n',
  )
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
