/** Where a process is whose thread never comes back: asked of its inspector, which interrupts any loop. */
import type { ChildProcess } from 'node:child_process'

const INSPECTOR_MS = 2000

interface Frame {
  readonly url: string
  readonly location: { readonly scriptId: string; readonly lineNumber: number }
}

/**
 * The frames of the running thread as lines of a stack, or null where it cannot be interrupted: it
 * waits inside of Node, or this platform has no such signal. `says` calls back with what the
 * process writes to its stderr.
 */
export async function stackOf(
  child: ChildProcess,
  says: (listener: (text: string) => void) => () => void,
): Promise<string | null> {
  if (process.platform === 'win32' || child.pid === undefined) return null
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const timer = setTimeout(() => resolve(null), INSPECTOR_MS)
  let text = ''
  let socket: WebSocket | null = null
  const deaf = says((more) => {
    text += more
    const [address] = /ws:\/\/127\.0\.0\.1:\S+\/\S+(?=\s)/.exec(text) ?? []
    if (address && !socket) socket = pause(address, resolve)
  })
  child.kill('SIGUSR1')
  const stack = await promise
  clearTimeout(timer)
  deaf()
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
  // A thread that was paused by mistake, on a machine that was only busy, goes on from here.
  if (socket?.readyState === WebSocket.OPEN) socket.send('{"id":3,"method":"Debugger.resume"}')
  socket?.close()
}
