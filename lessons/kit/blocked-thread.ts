/** Finds the line at which a process is blocked, through its inspector, which can interrupt any loop. */
import type { ChildProcess } from 'node:child_process'

const INSPECTOR_MS = 2000

interface Frame {
  readonly url: string
  readonly location: { readonly scriptId: string; readonly lineNumber: number }
}

/** Line that Node writes to stderr once, when its inspector is started. */
const LISTENING = /Debugger listening on (ws:\/\/127\.0\.0\.1:\S+\/\S+)\s/

/** Address of the inspector in the stderr of a process; null if it is not there yet. */
export const inspectorIn = (text: string): string | null => LISTENING.exec(text)?.[1] ?? null

/**
 * Resolves with the stack of the running thread, or with null if the thread cannot be interrupted: it waits inside
 * Node, or this platform has no such signal. `inspector`: address of the inspector, which the signal starts.
 */
export async function stackOf(child: ChildProcess, inspector: Promise<string>): Promise<string | null> {
  if (process.platform === 'win32' || child.pid === undefined) return null
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const timer = setTimeout(() => resolve(null), INSPECTOR_MS)
  let socket: WebSocket | null = null
  let isOver = false
  void inspector.then((address) => {
    if (!isOver) socket = pause(address, resolve)
  })
  child.kill('SIGUSR1')
  const stack = await promise
  isOver = true
  clearTimeout(timer)
  close(socket)
  return stack
}

function pause(address: string, resolve: (stack: string) => void): WebSocket {
  const socket = new WebSocket(address)
  const urls = new Map<string, string>()
  socket.onopen = () => {
    socket.send('{"id":1,"method":"Debugger.enable"}')
    socket.send('{"id":2,"method":"Debugger.pause"}')
  }
  socket.onmessage = ({ data }) => {
    const { method, params } = JSON.parse(String(data))
    if (method === 'Debugger.scriptParsed') urls.set(params.scriptId, params.url)
    if (method === 'Debugger.paused')
      resolve(
        params.callFrames
          .map(({ url, location }: Frame) => `at ${url || urls.get(location.scriptId)}:${location.lineNumber + 1}`)
          .join('\n'),
      )
  }
  return socket
}

function close(socket: WebSocket | null): void {
  // Resumes a thread that was paused by mistake because the machine was busy.
  if (socket?.readyState === WebSocket.OPEN) socket.send('{"id":3,"method":"Debugger.resume"}')
  socket?.close()
}
