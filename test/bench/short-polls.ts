/** Measures short polls without news: how many of them a server answers in one second of processor time. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { cpuMsOf } from '../compare/machine.ts'
import { median } from '../compare/median.ts'

export interface PolledServer {
  readonly name: string
  readonly pid: number
  readonly port: number
}

/** Number of connections. Each of them sends its next request after the response. */
const CONNECTIONS = 50

/** Number of turns before the measurement. They compile the code and fill the caches. */
const WARM_UP = 2

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * Measures the servers in turns, so that the noise of the machine affects all of them equally. Returns the median of
 * each server, in requests for each second of processor time.
 */
export async function measureShortPolls(
  servers: readonly PolledServer[],
  requests: number,
  turns: number,
): Promise<ReadonlyMap<string, number>> {
  const rates = new Map(servers.map(({ name }) => [name, [] as number[]]))
  for (let turn = 1 - WARM_UP; turn <= turns; turn++) {
    for (const { name, pid, port } of servers) {
      const beganMs = cpuMsOf(pid) ?? NaN
      await poll(port, requests)
      if (turn > 0) rates.get(name)?.push((1000 * requests) / ((cpuMsOf(pid) ?? NaN) - beganMs))
    }
  }
  return new Map(Array.from(rates, ([name, values]) => [name, median(values)]))
}

async function poll(port: number, requests: number): Promise<void> {
  const { cursor } = await (await fetch(`http://127.0.0.1:${port}/feed/lobby/poll`)).json().catch(() => ({ cursor: 0 }))
  const request = `GET /feed/lobby/poll?after=${cursor} HTTP/1.1\r\nHost: localhost\r\n\r\n`
  let sent = 0
  const run = async (): Promise<void> => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    while (sent < requests) {
      sent += 1
      socket.write(request)
      const [response] = (await once(socket, 'data')) as [Buffer]
      if (!response.includes(' 204 ') || !response.subarray(-4).equals(HEAD_END))
        throw new Error(`A short poll got another response than 204: ${response.toString('latin1')}`)
    }
    socket.destroy()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, run))
}
