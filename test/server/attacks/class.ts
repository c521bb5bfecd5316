/** Honest class beside abusive clients: twenty readers on all four transports, and the delay until a message has reached each. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Event, PollAnswer } from '../../../server/protocol/feed.ts'
import { CLASS_ROOM, LARGE_BOARD } from './kinds.ts'

export interface ClassMeasurement {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly samples: number
  /** Number of unexpected answers. */
  readonly failures: number
}

const READERS = 20
const SHORT_POLL_MS = 500
const PUBLISH_MS = 60

const TASKS = 500
const HISTORY = 300

/** Fills the room of the class, and a board. */
export async function fill(origin: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const say = async (path: string, body: object): Promise<void> => {
    try {
      await ask(agent, origin, path, body)
    } catch {
      // A client that was too fast must wait before it tries again.
      await wait(500)
      await say(path, body)
    }
  }
  for (let i = 0; i < HISTORY; i++)
    await say(`/feed/${CLASS_ROOM}?lane=fill${i % 16}.x`, { user: 'Ada', text: `${i} ${'x'.repeat(150)}` })
  for (let i = 0; i < TASKS; i++)
    await say(`/boards/${LARGE_BOARD}?lane=fill${i % 16}.x`, {
      user: 'Ada',
      type: 'task_created',
      task: { id: `task-${i}`, title: `${i} ${'x'.repeat(190)}` },
    })
  agent.destroy()
}

export interface Class extends AsyncDisposable {
  /** Delays from publish to receipt for all readers, and the round trips of the short polls. */
  measure(forMs: number): Promise<ClassMeasurement>
}

export async function openClass(origin: string): Promise<Class> {
  const agents: Agent[] = []
  const sockets: WebSocket[] = []
  const end = new AbortController()
  let delays: number[] = []
  let failures = 0
  const publishedAtMs = new Map<string, number>()
  const took = (event: Event): void => {
    const atMs = publishedAtMs.get(event.text ?? '')
    if (atMs !== undefined) delays.push(performance.now() - atMs)
  }

  await Promise.all(Array.from({ length: READERS }, (_, i) => read(`page${i}`)))
  const publisher = newAgent()

  return {
    async measure(forMs) {
      delays = []
      failures = 0
      const endMs = performance.now() + forMs
      for (let i = 0; performance.now() < endMs; i++) {
        const text = `${performance.now()} ${i}`
        publishedAtMs.set(text, performance.now())
        await tell(ask(publisher, origin, `/feed/${CLASS_ROOM}?lane=page0.x`, { user: 'Ada', text }))
        await wait(PUBLISH_MS)
      }
      await wait(500)
      const sorted = delays.toSorted((a, b) => a - b)
      const at = (share: number): number =>
        sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN
      return { p50Ms: at(0.5), p99Ms: at(0.99), samples: sorted.length, failures }
    },
    async [Symbol.asyncDispose]() {
      end.abort()
      for (const socket of sockets) socket.terminate()
      for (const agent of agents) agent.destroy()
    },
  }

  function newAgent(): Agent {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    agents.push(agent)
    return agent
  }

  async function read(page: string): Promise<void> {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/feed/${CLASS_ROOM}/ws?lane=${page}.ws`)
    sockets.push(socket)
    socket.on('message', (data) => {
      const message: Event = JSON.parse(String(data))
      if ('id' in message) took(message)
    })
    socket.on('close', () => (failures += end.signal.aborted ? 0 : 1))
    await once(socket, 'open')
    await stream(page)
    void longPoll(page)
    void shortPoll(page)
  }

  async function stream(page: string): Promise<void> {
    const asked = request(`${origin}/feed/${CLASS_ROOM}/sse?lane=${page}.sse`, { agent: newAgent() }).end()
    const [answer] = await once(asked, 'response')
    asked.on('error', () => {})
    let rest = ''
    answer.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.startsWith('data: {')) took(JSON.parse(line.slice(6)))
    })
    answer.on('close', () => (failures += end.signal.aborted ? 0 : 1))
    answer.on('error', () => {})
  }

  async function longPoll(page: string): Promise<void> {
    const agent = newAgent()
    let after = ''
    while (!end.signal.aborted) {
      const path = `/feed/${CLASS_ROOM}/long-poll?lane=${page}.long${after === '' ? '' : `&after=${after}`}`
      const answer = await tell(ask(agent, origin, path))
      if (!answer) continue
      const { events, cursor }: PollAnswer = JSON.parse(answer)
      after = cursor
      for (const event of events) took(event)
    }
  }

  /** A short poll. Its delay is mostly its interval, so only its round trip is measured. */
  async function shortPoll(page: string): Promise<void> {
    const agent = newAgent()
    let after = ''
    while (!end.signal.aborted) {
      const atMs = performance.now()
      const path = `/feed/${CLASS_ROOM}/poll?lane=${page}.short${after === '' ? '' : `&after=${after}`}`
      const answer = await tell(ask(agent, origin, path))
      if (answer !== null) delays.push(performance.now() - atMs)
      if (answer) after = (JSON.parse(answer) as PollAnswer).cursor
      await wait(SHORT_POLL_MS)
    }
  }

  async function tell(answer: Promise<string>): Promise<string | null> {
    try {
      return await answer
    } catch {
      if (!end.signal.aborted) failures += 1
      await wait(50)
      return null
    }
  }
}

async function ask(agent: Agent, origin: string, path: string, body?: object): Promise<string> {
  const asked = request(`${origin}${path}`, {
    agent,
    ...(body && { method: 'POST', headers: { 'content-type': 'application/json' } }),
  }).end(body && JSON.stringify(body))
  const [answer] = await once(asked, 'response')
  let text = ''
  for await (const chunk of answer) text += chunk
  if (answer.statusCode >= 400) throw new Error(text)
  return text
}

export interface Attackers extends AsyncDisposable {
  refused(): Promise<number>
}

/** Starts abusive clients of one kind in a process of their own. */
export function attack(port: number, clients: number, kind: string): Attackers {
  const child = fork(join(import.meta.dirname, 'attacker.ts'), [String(port), String(clients), kind])
  return {
    async refused() {
      child.send('refused')
      const [count] = await once(child, 'message')
      return count
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}
