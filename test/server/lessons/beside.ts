/** A sandbox with a kit that reports the port of the student's server. */
import { EventEmitter } from 'node:events'
import { onTestFinished } from 'vitest'
import { createAccess } from '../../../server/access/access.ts'
import { createApp } from '../../../server/app.ts'
import type { AccessOptions } from '../../../server/access/access.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { kitOf } from '../../../server/lessons/kit.ts'
import type { LessonState, ToldLesson } from '../../../server/lessons/state.ts'
import type { Conditions } from '../../../server/protocol/lab.ts'
import type { Lanes } from '../../../server/protocol/wire.ts'

/** A further host name of the sandbox. */
const PUBLIC = '127.0.0.2'

/** Lane of the tests' requests, named as a page names its own. */
export const LANE = '0123abcd.yours'

const TOKEN = 'instructor'

/** Starts the sandbox. `yours` is the port of the student's server; null while it does not run. */
export async function beside(yours: number | null, conditions: Partial<Conditions> = {}, auth?: AccessOptions['auth']) {
  const parent = new EventEmitter<{ message: [LessonState] }>()
  const kit = kitOf(parent)
  const tell = (port: number | null) =>
    parent.emit('message', { ...STATE, yours: port === null ? null : `http://localhost:${port}` })
  tell(yours)
  const access = createAccess({ hosts: [PUBLIC], auth, instructorToken: TOKEN })
  const app = await createApp({ log: memoryLog(), access, kit })
  onTestFinished(async () => {
    setTimeout(() => app.server.closeAllConnections(), 1500).unref()
    await app.close()
  })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  // Requests are injected, because real connections would be counted.
  const ask = async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) => {
    const answer = await app.inject({
      method,
      url,
      headers: { host: 'localhost', authorization: `Bearer ${TOKEN}` },
      ...(payload && { payload }),
    })
    if (answer.statusCode >= 300) throw new Error(answer.body)
    return answer
  }
  const set = (change: Partial<Conditions>) => ask('PUT', '/lab/settings', { conditions: change })
  await set(conditions)

  return {
    access,
    origin,
    port: Number(new URL(origin).port),
    mine: `${origin}/mine`,
    /** Reports that the student's server has restarted at another port, or has ended. */
    tell,
    set,
    cut: (how = 'RST') => ask('POST', '/lab/cut', { how }),
    restart: () => ask('POST', '/lab/restart'),
    async lane() {
      const { lanes } = (await ask('GET', '/lab/lanes')).json<Lanes>()
      return lanes.find(({ lane }) => lane === LANE)
    },
    /** Returns the first state of the lesson that a page gets. */
    async told(): Promise<ToldLesson> {
      const { body } = await fetch(`${origin}/lessons/state`)
      const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      while (!text.includes('data:')) text += (await reader?.read())?.value ?? ''
      await reader?.cancel()
      return JSON.parse(/data: (.*)/.exec(text)?.[1] ?? '')
    },
  }
}

const STATE: LessonState = {
  lesson: '04-long-polling',
  title: 'What happens?',
  files: ['long-poll.ts'],
  is: 'waiting',
  said: 'Waiting for you to save.',
  yours: null,
  transport: 'long-poll',
  results: [],
  checkedAtMs: null,
  rungs: 1,
  hunt: null,
  looking: null,
  course: [],
}
