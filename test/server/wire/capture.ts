/** What tshark saw of one port on the loopback: an account of the bytes that owes nothing to ours. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { until } from '../../until.ts'

export interface Stream {
  /** TCP payload, each byte once however often it was sent. */
  up: number
  down: number
  /** The targets of its HTTP requests. */
  readonly targets: string[]
  /** What each of them has cost, as long as its client pipelines nothing: then whatever follows a request is its own or its answer's. */
  readonly exchanges: Exchange[]
  /** By its client. */
  ended: boolean
}

export interface Exchange {
  readonly target: string
  up: number
  down: number
}

export interface Capture extends Disposable {
  readonly streams: readonly Stream[]
}

const FIELDS = ['tcp.srcport', 'tcp.dstport', 'tcp.seq', 'tcp.len', 'tcp.flags', 'http.request.uri']

const SYN = 0x002
const FIN_OR_RST = 0x005

/** Resolves when it is capturing, or with the reason for which it cannot. */
export async function capture(port: number): Promise<Capture | string> {
  const tshark = spawn(
    'tshark',
    ['-i', 'lo', '-n', '-l', '-f', `tcp port ${port}`, '-d', `tcp.port==${port},http`, '-T', 'fields'].concat(
      FIELDS.flatMap((field) => ['-e', field]),
    ),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const streams: Stream[] = []
  const byPort = new Map<number, Stream>()
  let reason = ''
  tshark.on('error', ({ message }) => (reason = `tshark cannot be run: ${message}`))
  tshark.on('exit', () => (reason ||= `tshark may not capture here: ${stderr}`))
  let stderr = ''
  tshark.stderr.on('data', (text) => (stderr += text))
  createInterface(tshark.stdout).on('line', (line) => take(line.split('\t')))

  // It says that it captures before it does.
  await until('it captures', async () => reason || streams.length > 0 || (await knock(port)))
  if (reason) return reason
  return { streams, [Symbol.dispose]: () => void tshark.kill() }

  function take([from, to, seq, length, flags, target]: string[]): void {
    const isUp = Number(to) === port
    const client = Number(isUp ? from : to)
    // A port may serve again.
    const stream = (Number(flags) !== SYN && byPort.get(client)) || open(client)
    // Numbers are relative, and the SYN is number 0: the payload's first byte is number 1.
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

  function open(client: number): Stream {
    const stream: Stream = { up: 0, down: 0, targets: [], exchanges: [], ended: false }
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
