import { ask, print, sandbox, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const yours = yoursIn(2)

const BODIES = [
  '{}',
  '{"user":"Ada"}',
  '{"user":"Ada","text":""}',
  '{"user":"Ada","text":42}',
  '[]',
  'null',
  '{"user":"Ada","te',
]

export const looks: Looks = {
  /** Two refused requests: a body without a text, and a header that says the body is not JSON. */
  async refused() {
    const post = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: { user: 'Ada', text: 'hello' } }
    print((await ask(`${sandbox}/feed/lesson-2`, { method: 'POST', body: { user: 'Ada' } })).status)
    print((await ask(`${sandbox}/feed/lesson-2`, post)).status)
  },

  /** Sends seven bodies that are not valid messages, and shows the room afterwards. */
  async bodies() {
    for (const body of BODIES) print((await ask(`${yours}/feed/measured`, { method: 'POST', body })).status, ` ${body}`)
    print((await ask(`${yours}/feed/measured`)).text)
  },
}
