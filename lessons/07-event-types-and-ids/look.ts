import { ask, cut, listen, print, publish, sandbox, wait } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const ROOM = `${sandbox}/feed/lesson-7`

const firstLines = (text: string): string => text.split('\n').slice(0, 8).join('\n')

export const looks: Looks = {
  cut: () => cut('RST'),

  /** A client that is away for three seconds, counts the missed messages, and reconnects with and without its id. */
  async away() {
    const publishing = publishFor(5000)
    const { text } = await listen('', `${ROOM}/sse`, 1000).ended
    const id = [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? ''
    print('The last id was', id)
    await wait(3000)
    const missed = JSON.parse((await ask(`${ROOM}/poll?after=${id}`)).text || '{"events":[]}')
    print(missed.events.length, 'messages lie after it.')
    const back = listen('', `${ROOM}/sse`, 1000, { 'last-event-id': id })
    print(`\nWith Last-Event-ID: ${id}\n${firstLines((await back.ended).text)}`)
    const fresh = listen('', `${ROOM}/sse`, 1000)
    print(`\nWithout it:\n${firstLines((await fresh.ended).text)}`)
    await publishing
  },
}

/** Publishes about ten messages a second. */
async function publishFor(ms: number): Promise<void> {
  for (const endMs = performance.now() + ms; performance.now() < endMs;) {
    await publish('lesson-7')
    await wait(100)
  }
}
