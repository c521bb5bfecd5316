/** Starts the measured server in a process of its own. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Memory } from './report-memory.ts'

export interface MeasuredServer extends AsyncDisposable {
  readonly port: number
  memory(): Promise<Memory>
}

export const startMeasured = (data: string, stalledMs: number, limits: 'on' | 'off'): Promise<MeasuredServer> =>
  start('memory-server.ts', data, String(stalledMs), limits)

/** Starts a server that only keeps its connections. */
export const startFloor = (): Promise<MeasuredServer> => start('floor-server.ts')

async function start(file: string, ...args: string[]): Promise<MeasuredServer> {
  const server = fork(join(import.meta.dirname, file), args)
  const [port] = await once(server, 'message')
  return {
    port,
    async memory() {
      server.send('memory')
      const [memory] = await once(server, 'message')
      return memory
    },
    async [Symbol.asyncDispose]() {
      server.kill()
      await once(server, 'exit')
    },
  }
}

/** Publishes over one WebSocket, several messages at a time. Resolves when the last one is accepted. */
export async function publishMany(port: number, room: string, count: number, text: string): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/feed/${room}/ws?lane=bench.ws`)
  await once(socket, 'open')
  let accepted = 0
  let sent = 0
  const message = (key: number) => JSON.stringify({ type: 'message', user: 'Ada', text, key: `${room}-${key}` })
  const done = Promise.withResolvers<void>()
  socket.addEventListener('close', ({ code, reason }) => done.reject(new Error(`closed with ${code} ${reason}`)))
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
    if (data.startsWith('{"type":"error"')) return done.reject(new Error(data))
    if (!data.startsWith('{"type":"accepted"')) return
    accepted += 1
    if (accepted === count) return done.resolve()
    if (sent < count) socket.send(message(sent++))
  })
  while (sent < Math.min(count, IN_FLIGHT)) socket.send(message(sent++))
  await done.promise
  socket.close()
}

const IN_FLIGHT = 32

export const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(2)} MiB`
