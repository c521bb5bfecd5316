import { ask, openSocket, print, wait, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const yours = yoursIn(0)

/** Port of the small servers in `steps/`. */
const PORT = 4300

const NAMES = ['Ada', 'Bob', 'Eve']

/** Time in which every message arrives. */
const ARRIVES_MS = 300

export const looks: Looks = {
  /** A WebSocket server with a port of its own, and three people. */
  async alone() {
    await play(() => import('./steps/alone.ts'), `Be the fourth person: npx wscat -c ws://localhost:${PORT}`)
  },

  /** The chat and its page on one port, which is served by Node itself, by Fastify, or by Express. */
  async node() {
    await play(() => import('./steps/node.ts'), PAGE)
  },
  async fastify() {
    await play(() => import('./steps/fastify.ts'), PAGE)
  },
  async express() {
    await play(() => import('./steps/express.ts'), PAGE)
  },

  /** Sends texts that are no messages to the student's chat, and leaves it in two ways. */
  async break() {
    const bob = await openSocket('Bob', yours)
    const eve = await openSocket('Eve', yours)
    for (const text of ['hello', 'null', '{"username":"Ada"}', '{"username":"Ada","message":"I am still here"}']) {
      print(`Eve > ${text}`)
      eve.send(text)
      await wait(ARRIVES_MS)
    }
    const people = async () => (await ask(`${yours}/people`)).text
    print('people:', await people())
    eve.close()
    await new Promise((resolve) => (eve.onclose = resolve))
    print('people after Eve has left:', await people())
    bob.close()
  },
}

const PAGE = `Open http://localhost:${PORT} in two windows.`

/** Starts a server and lets three people talk. In a terminal, the server then runs until the student ends it. */
async function play(start: () => Promise<unknown>, more: string): Promise<void> {
  // An error of the server, for example a port in use, ends the program with a sentence (kit/look.ts).
  await start()
  let received = 0
  const sockets = await Promise.all(
    NAMES.map((name) => openSocket(name, `http://localhost:${PORT}`, () => (received += 1))),
  )
  const text = JSON.stringify({ username: 'Ada', message: 'hello' })
  print(`Ada > ${text}`)
  sockets[0]?.send(text)
  await wait(ARRIVES_MS)
  print(`1 message sent by Ada, ${received} sent by the server`)
  for (const socket of sockets) socket.close()
  if (!process.stdin.isTTY) process.exit()
  print(`The server is running. ${more} Ctrl-C ends it.`)
}
