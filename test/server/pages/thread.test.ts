import { expect, test } from 'vitest'
import { threadOf } from '../../../server/pages/thread.ts'

const CODE = `import { parentPort } from 'node:worker_threads'
parentPort.on('message', (task) => {
  if (task === 'throw') throw new Error('The thread has crashed.')
  if (task === 'exit') process.exit(1)
  parentPort.postMessage(task)
})`

test.each(['throw', 'exit'])(
  'tasks that wait behind one with which the thread ends (%s) get a new thread',
  async (end) => {
    const ask = threadOf<string, string>(new URL(`data:text/javascript,${encodeURIComponent(CODE)}`))
    const results = await Promise.allSettled([end, 'a', end, 'b'].map((task) => ask(task)))
    expect(results.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).toEqual([
      'failed',
      'a',
      'failed',
      'b',
    ])
  },
)
