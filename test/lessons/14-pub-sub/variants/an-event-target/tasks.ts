/** Uses the platform's own EventTarget as the bus. It calls each listener separately, and reports its error. */
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'

interface Task {
  readonly id: number
  readonly board: string
  readonly title: string
  readonly isDone: boolean
}
type Handler = (change: { type: string; task: Task }) => unknown

const target = new EventTarget()
const sizes = new Map<string, number>()
const tasks: Task[] = []
const app = Fastify()

function subscribe(topic: string, handler: Handler): () => void {
  const listener = async (event: Event) => {
    try {
      if (event instanceof CustomEvent) await handler(event.detail)
    } catch (error) {
      console.error(error)
    }
  }
  target.addEventListener(topic, listener)
  sizes.set(topic, (sizes.get(topic) ?? 0) + 1)
  let isOver = false
  return () => {
    if (isOver) return
    isOver = true
    target.removeEventListener(topic, listener)
    sizes.set(topic, (sizes.get(topic) ?? 0) - 1)
  }
}

function publish(type: string, task: Task): void {
  for (const topic of [task.board, '*']) target.dispatchEvent(new CustomEvent(topic, { detail: { type, task } }))
}

app.get<{ Params: { board: string } }>('/boards/:board', async (request) => ({
  subscribers: sizes.get(request.params.board) ?? 0,
}))

app.post<{ Params: { board: string }; Body: { title: string } }>('/boards/:board/tasks', async (request, reply) => {
  const task = { id: tasks.length, board: request.params.board, title: request.body.title, isDone: false }
  tasks.push(task)
  publish('task_created', task)
  return reply.code(201).send({ ...task, id: String(task.id) })
})

app.post<{ Params: { id: string } }>('/tasks/:id/done', async (request, reply) => {
  const task = tasks[Number(request.params.id)]
  if (!task) return reply.code(404).send()
  const done = { ...task, isDone: true }
  tasks[task.id] = done
  publish('task_done', done)
  return done
})

app.get<{ Params: { board: string } }>('/boards/:board/next', async (request, reply) => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const stop = subscribe(request.params.board, resolve)
  reply.raw.once('close', () => resolve(null))
  const change = await promise
  stop()
  return change
})

new WebSocketServer({ server: app.server }).on('connection', (socket, request) => {
  const stop = subscribe(String(request.url).slice('/boards/'.length), (change) => socket.send(JSON.stringify(change)))
  socket.on('error', () => socket.terminate())
  socket.on('close', () => stop())
})

subscribe('*', mail)
app.listen({ port: Number(process.env['PORT']) })

function mail({ task: { title } }: { task: Task }): Promise<void> | void {
  if (title.includes('@nobody')) throw new Error('There is no such address.')
  if (title.includes('@later')) return Promise.reject(new Error('The mail server is away.'))
  if (title.includes('@slow')) return new Promise(() => {})
}
