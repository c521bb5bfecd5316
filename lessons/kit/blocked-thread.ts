/** Finds the line at which a process is blocked or busy, through its inspector, which can interrupt any loop. */
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

interface Place {
  readonly url: string
  readonly scriptId: string
  readonly lineNumber: number
}

interface Frame {
  readonly url: string
  readonly location: Omit<Place, 'url'>
}

const placeOf = ({ url, location }: Frame): Place => ({ url, ...location })

/** Longest time from an interruption in other code to the next one. */
const AGAIN_MS = 30

/** Number of scheduled callbacks that are followed back. */
const ASYNC_DEPTH = 8

/** Line that Node writes to stderr once, when its inspector is started. */
const LISTENING = /Debugger listening on (ws:\/\/127\.0\.0\.1:\S+\/\S+)\s/

/** Address of the inspector in the stderr of a process; null if it is not there yet. */
export const inspectorIn = (text: string): string | null => LISTENING.exec(text)?.[1] ?? null

/**
 * Interrupts the running thread, and resolves with its stack. With `within`, the thread is interrupted
 * until its stack contains code of this folder. Resolves with null if the signal is aborted first: the thread waits inside Node, gets no processor, or
 * this platform has no such interruption. `inspector`: address of the inspector, which this function starts.
 */
export async function stackOf(
  child: ChildProcess,
  inspector: Promise<string>,
  signal: AbortSignal,
  within?: string,
): Promise<string | null> {
  if (process.platform === 'win32' || child.pid === undefined || signal.aborted) return null
  const { promise, resolve } = Promise.withResolvers<string | null>()
  let socket: WebSocket | null = null
  signal.addEventListener('abort', () => resolve(null), { once: true })
  void inspector.then((address) => {
    if (!signal.aborted) socket = interrupt(address, within, resolve)
  })
  child.kill('SIGUSR1')
  const stack = await promise
  close(socket)
  return stack
}

function interrupt(address: string, within: string | undefined, resolve: (stack: string) => void): WebSocket {
  const socket = new WebSocket(address)
  const urls = new Map<string, string>()
  const folder = within === undefined ? '' : pathToFileURL(within).href
  let id = 0
  const send = (method: string, params = {}) => socket.send(JSON.stringify({ id: ++id, method, params }))
  socket.onopen = () => {
    send('Debugger.enable')
    // A callback has the code that scheduled it only in its asynchronous stack.
    send('Debugger.setAsyncCallStackDepth', { maxDepth: ASYNC_DEPTH })
    send('Debugger.pause')
  }
  socket.onmessage = ({ data }) => {
    const { method, params } = JSON.parse(String(data))
    if (method === 'Debugger.scriptParsed') urls.set(params.scriptId, params.url)
    // Only after this event does a request to pause have an effect. Without the delay, the thread would always stop at the
    // same statement of Node's own code.
    if (method === 'Debugger.resumed')
      setTimeout(() => socket.readyState === socket.OPEN && send('Debugger.pause'), AGAIN_MS * Math.random())
    if (method !== 'Debugger.paused') return
    const frames = [...params.callFrames.map(placeOf), ...(params.asyncStackTrace?.callFrames ?? [])]
    const stack = frames
      .map(({ url, scriptId, lineNumber }: Place) => `at ${url || urls.get(scriptId)}:${lineNumber + 1}`)
      .join('\n')
    if (within === undefined || stack.includes(folder)) return resolve(stack)
    send('Debugger.resume')
  }
  return socket
}

function close(socket: WebSocket | null): void {
  // Resumes a thread that was paused by mistake because the machine was busy.
  if (socket?.readyState === WebSocket.OPEN) socket.send('{"id":0,"method":"Debugger.resume"}')
  socket?.close()
}

/**
 * Returns true if the main thread of a process sleeps, and false if it runs or waits for the processor. Returns null on a
 * platform that does not tell (only Linux does).
 */
export function isAsleep(pid: number | undefined): boolean | null {
  try {
    const [, state] = /\) (\S)/.exec(readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8')) ?? []
    return state === 'S' || state === 'D'
  } catch {
    return null
  }
}
