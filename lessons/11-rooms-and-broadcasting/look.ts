import { ask, openSocket, print, sandbox, wait, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const yours = yoursIn(11)

export const looks: Looks = {
  /** Ada and Bob join one board and type. */
  async people() {
    const names = ['Ada', 'Bob']
    const sockets = await Promise.all(names.map((name) => openSocket(name, sandbox)))
    for (const type of ['join', 'typing'])
      for (const [i, socket] of sockets.entries()) {
        const text = JSON.stringify({ type, boardId: 'board-1', name: names[i] })
        print(`${names[i]} > ${text}`)
        socket.send(text)
        await wait(200)
      }
    for (const socket of sockets) socket.close()
  },

  /** Twenty people in a room send one message each. */
  async everybody() {
    let down = 0
    const count = (text: string): void => {
      if (JSON.parse(text).type === 'message') down += 1
    }
    const sockets = await Promise.all(
      Array.from({ length: 20 }, () => openSocket('', `${sandbox}/feed/lesson-11/ws`, count)),
    )
    for (const [i, socket] of sockets.entries())
      socket.send(JSON.stringify({ type: 'message', user: 'Ada', text: String(i + 1) }))
    await wait(2000)
    print(sockets.length, 'messages up,', down, 'down')
    for (const socket of sockets) socket.close()
  },

  /** Joins a room of the student's own server, disconnects, and prints the server's counts. */
  async yours() {
    const counts = async () => (await ask(yours)).text
    const joined = Promise.withResolvers<void>()
    const socket = await openSocket('client', yours, (text) => {
      if (JSON.parse(text).type === 'joined') joined.resolve()
    })
    socket.send('{"type":"join","boardId":"board-1"}')
    await joined.promise
    print('while the client is connected:', await counts())
    socket.close()
    await new Promise((resolve) => (socket.onclose = resolve))
    print('after it has disconnected:', await counts())
  },
}
