/** Bytes of one port on the loopback as tshark saw them: a count that is independent of the meter. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { until } from '../../until.ts'

export interface CapturedStream {
  /** TCP payload. A byte that was sent several times counts once. */
  up: number
  down: number
  /** Targets of the HTTP requests. */
  readonly targets: string[]
  /** Bytes of each request and its answer. Correct only if the client does not pipeline, so that all bytes between two requests belong to the first. */
  readonly exchanges: CapturedExchange[]
  /** True if the client closed the connection. */
  ended: boolean
}

export interface CapturedExchange {
  readonly target: string
  up: number
  down: number
}

export interface PacketCapture extends Disposable {
  readonly streams: readonly CapturedStream[]
}

const FIELDS = ['tcp.srcport', 'tcp.dstport', 'tcp.seq', 'tcp.len', 'tcp.flags', 'http.request.uri']

const SYN = 0x002
const FIN_OR_RST = 0x005

/** Starts tshark. Resolves when it captures, or with the reason why it cannot. */
export async function capture(port: number): Promise<PacketCapture | string> {
  const tshark = spawn(
    'tshark',
    ['-i', 'lo', '-n', '-l', '-f', `tcp port ${port}`, '-d', `tcp.port==${port},http`, '-T', 'fields'].concat(
      FIELDS.flatMap((field) => ['-e', field]),
    ),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const streams: CapturedStream[] = []
  const byPort = new Map<number, CapturedStream>()
  let reason = ''
  tshark.on('error', ({ message }) => (reason = `tshark cannot be run: ${message}`))
  tshark.on('exit', () => (reason ||= `tshark may not capture here: ${stderr}`))
  let stderr = ''
  tshark.stderr.on('data', (text) => (stderr += text))
  createInterface(tshark.stdout).on('line', (line) => take(line.split('\t')))

  // tshark reports that it captures before it really does.
  await until('tshark has captured a stream', async () => reason || streams.length > 0 || (await knock(port)))
  if (reason) return reason
  return { streams, [Symbol.dispose]: () => void tshark.kill() }

  function take([from, to, seq, length, flags, target]: string[]): void {
    const isUp = Number(to) === port
    const client = Number(isUp ? from : to)
    // A port can be used for several connections.
    const stream = (Number(flags) !== SYN && byPort.get(client)) || open(client)
    // Sequence numbers are relative. The SYN is number 0, so the first byte of the payload is number 1.
    const end = Number(length) > 0 ? Number(seq) + Number(length) - 1 : 0
    if (target) {
      stream.targets.push(target)
      stream.exchanges.push({ target, up: 0, down: 0 })
    }
    const way = isUp ? 'up' : 'down'
    const exchange = stream.exchanges.at(-1)
    if (exchange) exchange[way] += Math.max(0, end - stream[way])
    stream[way] = Math.max(stream[way], end)
    if (isUp && (Number(flags) & FIN_OR_RST) > 0) stream.ended = true
  }

  function open(client: number): CapturedStream {
    const stream: CapturedStream = { up: 0, down: 0, targets: [], exchanges: [], ended: false }
    byPort.set(client, stream)
    streams.push(stream)
    return stream
  }
}

async function knock(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  await once(socket, 'close')
}
