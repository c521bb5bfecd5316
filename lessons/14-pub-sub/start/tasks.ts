/** Tasks on boards. A client can watch the changes of a board: with a WebSocket, with a held request, or by mail. */
import Fastify from 'fastify'
import type { FastifyReply } from 'fastify'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

type Task = { readonly id: string; readonly board: string; readonly title: string; isDone: boolean }
type Change = { readonly type: 'task_created' | 'task_done'; readonly task: Task }
type Handler = (change: Change) => unknown
type Request = { Params: { board: string; id: string }; Body: { title: string } }

const EVERY = '*' // a subscriber to this topic gets the changes of all boards
const app = Fastify()
const bus = createBus()
const tasks = new Map<string, Task>()
const sockets = new Map<WebSocket, string>()
const held = new Map<FastifyReply, string>()
app.get<Request>('/boards/:board', async ({ params: { board } }) => ({ subscribers: bus.size(board) }))

app.post<Request>('/boards/:board/tasks', async ({ params: { board }, body: { title } }, reply) => {
  const task = { id: `t${tasks.size + 1}`, board, title, isDone: false }
  tasks.set(task.id, task)
  // TODO 3: publish the change, here and below. A route must not know which listeners exist, and how they send.
  const change: Change = { type: 'task_created', task }
  mail(change)
  for (const [socket, of] of sockets) if (of === board) socket.send(JSON.stringify(change))
  for (const [request, of] of held) if (of === board && held.delete(request)) request.send(change)
  return reply.code(201).send(task)
})

app.post<Request>('/tasks/:id/done', async ({ params: { id } }, reply) => {
  const task = tasks.get(id)
  if (!task) return reply.code(404).send({ error: `There is no task ${id}.` })
  task.isDone = true
  for (const [to, board] of sockets) if (board === task.board) to.send(JSON.stringify({ type: 'task_done', task }))
  return task
})

// TODO 2: let these two and mail subscribe. When does each subscription end? A held request ends with the next change.
app.get<Request>('/boards/:board/next', ({ params: { board } }, reply) => void held.set(reply, board))
const server = new WebSocketServer({ server: app.server })
server.on('connection', (socket, { url = '' }) => {
  sockets.set(socket, url.split('/')[2] ?? '')
  socket.on('error', () => {})
})
await app.listen({ port: Number(process.env['PORT'] ?? 4114) })

function createBus() {
  return {
    // TODO 1: `subscribe` returns a function that ends it, which may be called twice. `publish` calls each handler of
    //         the topic and of EVERY, and waits for none. A handler that throws or leaves must not affect the others.
    subscribe: (topic: string, handler: Handler) => () => {},
    publish: (topic: string, change: Change) => {},
    size: (topic: string): number => 0,
  }
}

/** Sends a mail to the people that the title mentions. It can fail in three ways, as real mail can. */
function mail({ task: { title } }: Change): Promise<void> | void {
  if (title.includes('@nobody')) throw new Error('There is no such address.')
  if (title.includes('@later')) return Promise.reject(new Error('The mail server is away.'))
  return title.includes('@slow') ? new Promise(() => {}) : undefined
}
