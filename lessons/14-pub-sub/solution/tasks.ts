/** Tasks on boards. A client can watch the changes of a board: with a WebSocket, with a held request, or by mail. */
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'

type Task = { readonly id: string; readonly board: string; readonly title: string; isDone: boolean }
type Change = { readonly type: 'task_created' | 'task_done'; readonly task: Task }
type Handler = (change: Change) => unknown
type Request = { Params: { board: string; id: string }; Body: { title: string } }

const EVERY = '*' // a subscriber to this topic gets the changes of all boards
const app = Fastify()
const bus = createBus()
const tasks = new Map<string, Task>()
app.get<Request>('/boards/:board', async ({ params: { board } }) => ({ subscribers: bus.size(board) }))

app.post<Request>('/boards/:board/tasks', async ({ params: { board }, body: { title } }, reply) => {
  const task = { id: `t${tasks.size + 1}`, board, title, isDone: false }
  tasks.set(task.id, task)
  bus.publish(board, { type: 'task_created', task })
  return reply.code(201).send(task)
})

app.post<Request>('/tasks/:id/done', async ({ params: { id } }, reply) => {
  const task = tasks.get(id)
  if (!task) return reply.code(404).send({ error: `There is no task ${id}.` })
  task.isDone = true
  bus.publish(task.board, { type: 'task_done', task })
  return task
})

app.get<Request>('/boards/:board/next', ({ params: { board } }, reply) => {
  const stop = bus.subscribe(board, (change) => {
    stop()
    reply.send(change)
  })
  reply.raw.on('close', stop)
})

const server = new WebSocketServer({ server: app.server })
server.on('connection', (socket, { url = '' }) => {
  const stop = bus.subscribe(url.split('/')[2] ?? '', (change) => socket.send(JSON.stringify(change)))
  socket.on('close', stop)
  socket.on('error', () => {})
})

bus.subscribe(EVERY, mail)

await app.listen({ port: Number(process.env['PORT'] ?? 4114) })

function createBus() {
  const topics = new Map<string, Set<Handler>>()
  return {
    subscribe(topic: string, handler: Handler): () => void {
      const handlers = topics.get(topic) ?? new Set()
      topics.set(topic, handlers.add(handler))
      // A second call must not delete a set that others have made in the meantime.
      return () => {
        if (handlers.delete(handler) && handlers.size === 0) topics.delete(topic)
      }
    },
    publish(topic: string, change: Change): void {
      // Loops over a copy, because handlers may subscribe and leave during the loop.
      for (const handler of [...(topics.get(EVERY) ?? []), ...(topics.get(topic) ?? [])]) void call(handler, change)
    },
    size: (topic: string): number => topics.get(topic)?.size ?? 0,
  }
}

/** Calls a handler. Catches an error that it throws at once, and a promise that rejects later. */
async function call(handler: Handler, change: Change): Promise<void> {
  try {
    await handler(change)
  } catch (error) {
    console.error(error)
  }
}

/** Sends a mail to the people that the title mentions. It can fail in three ways, as real mail can. */
function mail({ task: { title } }: Change): Promise<void> | void {
  if (title.includes('@nobody')) throw new Error('There is no such address.')
  if (title.includes('@later')) return Promise.reject(new Error('The mail server is away.'))
  return title.includes('@slow') ? new Promise(() => {}) : undefined
}
