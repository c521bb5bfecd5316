import { ask, listen, openSocket, print, sandbox, wait, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const ROOM = `${sandbox}/feed/lesson-15`
const yours = yoursIn(15)

export const looks: Looks = {
  /** Grace watches. Ada opens two tabs, types in one, and says goodbye in the other. */
  async watch() {
    const grace = listen('', `${ROOM}/sse?user=grace&name=Grace&client=g1`, 9000)
    const response = await grace.opened
    response.on('data', (text: string) => {
      for (const line of text.split('\n')) if (line.includes('"presence"')) print(line)
    })
    await wait(1000)
    const tabs = ['a1', 'a2'].map((tab) => listen('', `${ROOM}/sse?user=ada&name=Ada&client=${tab}`, 8000))
    await wait(1000)
    await ask(`${ROOM}/typing`, { method: 'POST', body: { user: 'ada', client: 'a2' } })
    await wait(1000)
    await ask(`${ROOM}/leave`, { method: 'POST', body: { user: 'ada', client: 'a1' } })
    await Promise.all([grace, ...tabs].map(({ ended }) => ended))
  },

  /** Uses the student's own server: Ada closes one of two tabs, and then the other. */
  async yours() {
    const grace = await join('grace', 'Grace')
    const tabs = [await join('ada'), await join('ada')]
    await look('with two tabs:')
    for (const tab of tabs) {
      tab.close()
      await look('one closed:')
    }
    grace.close()
  },

  /** A sentence of a hundred keys, and twenty people. */
  async typing() {
    let down = 0
    const count = (text: string): void => {
      if (JSON.parse(text).type === 'user_typing') down += 1
    }
    const people = await Promise.all(Array.from({ length: 20 }, (_none, i) => join(`u${i}`, '', 'lesson-15', count)))
    for (let key = 1; key <= 100; key += 1) {
      people[0]?.send('{"type":"typing","boardId":"lesson-15"}')
      await wait(20)
    }
    await wait(7000)
    print('100 up,', down, 'down')
    for (const person of people) person.close()
  },
}

/** Opens a tab of a person on a board. With a `label`, it prints the messages that arrive. */
async function join(
  user: string,
  label = '',
  boardId = 'board-1',
  heard: (text: string) => void = () => {},
): Promise<WebSocket> {
  const joined = Promise.withResolvers<void>()
  const tab = await openSocket(label, `${yours}/?user=${user}&name=${user}`, (text) => {
    heard(text)
    if (JSON.parse(text).type === 'joined') joined.resolve()
  })
  tab.send(JSON.stringify({ type: 'join', boardId }))
  await joined.promise
  return tab
}

async function look(when: string): Promise<void> {
  await wait(200)
  print(when, (await ask(yours)).text)
}
