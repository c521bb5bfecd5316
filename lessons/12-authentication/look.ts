import { ask, print, printable, sandbox, shakeHands, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const yours = yoursIn(12)

/** The origin of the page that `stranger.ts` serves. */
const STRANGER = 'http://localhost:4212'

export const looks: Looks = {
  /** Three handshakes: from the student's own page, from the stranger's page, and without a login. */
  async handshakes() {
    const cookie = await signIn()
    print(cookie)
    await chat('your own page', '/chat', { cookie, origin: yours })
    await chat('the stranger', '/chat', { cookie, origin: STRANGER })
    await chat('nobody', '/chat', {})
  },

  /** A handshake from the stranger's page with the sandbox. */
  async stranger() {
    const { head } = await shakeHands(`${sandbox}/feed/lesson-12/ws`, 1000, { origin: STRANGER })
    print(head.split('\r\n')[0])
  },

  /** One ticket, used twice. */
  async ticket() {
    const cookie = await signIn()
    const { text } = await ask(`${yours}/ticket`, { method: 'POST', headers: { cookie } })
    const [, ticket = ''] = /"ticket":"([^"]*)"/.exec(text) ?? []
    await chat('first', `/chat?ticket=${ticket}`, {})
    await chat('second', `/chat?ticket=${ticket}`, {})
  },
}

async function signIn(): Promise<string> {
  const { headers } = await ask(`${yours}/login?user=Ada`, { method: 'POST' })
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

async function chat(who: string, path: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const { head, frames } = await shakeHands(yours + path, 1000, headers)
  print(`${who}:\n${head.trim()}\n${printable(frames)}\n`)
}
