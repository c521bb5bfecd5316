/** Gives each subscription a number. A change replaces the list, so a loop over the old list is not affected. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { WebSocketServer } from 'ws'

interface Change {
  readonly type: string
  readonly task: { readonly id: string; readonly board: string; readonly title: string; readonly isDone: boolean }
}
interface Subscription {
  readonly number: number
  readonly topic: string
  readonly handler: (change: Change) => unknown
}

let subscriptions: readonly Subscription[] = []
let last = 0
const tasks = new Map<string, Change['task']>()

const subscribe = (topic: string, handler: Subscription['handler']) => {
  const number = (last += 1)
  subscriptions = [...subscriptions, { number, topic, handler }]
  return () => {
    subscriptions = subscriptions.filter((one) => one.number !== number)
  }
}

const publish = (change: Change) =>
  subscriptions
    .filter(({ topic }) => topic === '*' || topic === change.task.board)
    .forEach(({ handler }) => {
      new Promise((resolve) => resolve(handler(change))).catch((error: unknown) => console.error(error))
    })

const server = createServer(async (request, response) => {
  const [, first, name = '', last] = (request.url ?? '').split('/')
  if (request.method === 'GET' && last === 'next') return hold(name, response)
  if (request.method === 'GET')
    return json(response, 200, { subscribers: subscriptions.filter(({ topic }) => topic === name).length })
  const found = first === 'tasks' ? tasks.get(name) : await taskIn(request, name).catch(() => null)
  if (!found) return json(response, found === null ? 400 : 404, {})
  const task = { ...found, isDone: first === 'tasks' }
  tasks.set(task.id, task)
  json(response, first === 'tasks' ? 200 : 201, task)
  publish({ type: first === 'tasks' ? 'task_done' : 'task_created', task })
})

function hold(board: string, response: ServerResponse): void {
  const stop = subscribe(board, (change) => {
    json(response, 200, change)
    stop()
  })
  response.on('close', stop)
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function taskIn(request: IncomingMessage, board: string): Promise<Change['task']> {
  let body = ''
  for await (const piece of request) body += String(piece)
  return { id: crypto.randomUUID(), board, title: JSON.parse(body).title, isDone: false }
}

new WebSocketServer({ server }).on('connection', (socket, { url = '' }) => {
  socket.on('error', () => {})
  socket.on(
    'close',
    subscribe(url.replace('/boards/', ''), (change) => socket.send(JSON.stringify(change))),
  )
})

subscribe('*', async ({ task: { title } }) => {
  if (title.includes('@slow')) await new Promise(() => {})
  if (title.includes('@')) throw new Error('Mail does not work.')
})

server.listen(Number(process.env['PORT']))
