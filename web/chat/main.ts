/**
 * The page of the plain chat. The page uses only the browser's WebSocket. The server sends each message to all pages,
 * including the page of the sender.
 */
import type { ChatMessage, ErrorMessage } from '../../server/protocol/feed.ts'
import { claimLink } from '../lab/instructor.ts'
import { started } from '../page/started.ts'

const [form] = document.forms
const list = document.querySelector('[role=log]')
const status = document.querySelector('output')
const [username, message] = document.querySelectorAll('input')
if (!form || !list || !status || !username || !message) throw new Error('An element is missing in chat/index.html.')

const trouble = await claimLink()

const address = `${location.origin.replace('http', 'ws')}/chat`

const connect = (): WebSocket => {
  const fresh = new WebSocket(address)
  fresh.onopen = () => (status.value = trouble ?? '')
  fresh.onmessage = ({ data }: MessageEvent<string>) => show(JSON.parse(data))
  // A browser does not reconnect a WebSocket by itself. Each page waits a random time, so that a whole class does not
  // reconnect in the same moment after a cut.
  fresh.onclose = lost
  return fresh
}

const lost = (): void => {
  socket.onclose = null
  socket.close()
  status.value = 'The connection is lost. The page is trying again.'
  setTimeout(() => (socket = connect()), 500 + 2000 * Math.random())
}

// After a change of the network, the old connection may be dead without an error. The page opens a second connection to
// check whether it can reach the server.
const check = (): void => {
  if (socket.readyState !== WebSocket.OPEN) return
  const probe = new WebSocket(address)
  probe.onopen = () => probe.close()
  probe.onerror = () => socket.readyState === WebSocket.OPEN && lost()
}
for (const name of ['online', 'offline']) addEventListener(name, check)

const show = (said: ChatMessage | ErrorMessage): void => {
  if ('type' in said) return void (status.value = `${said.message} ${said.remedy}`)
  const isAtEnd = list.scrollTop + list.clientHeight > list.scrollHeight - 10
  const line = document.createElement('p')
  const name = document.createElement('b')
  const text = document.createElement('bdi')
  // Other people wrote the messages, so the page shows them as text, never as HTML.
  name.textContent = said.username
  text.textContent = said.message
  line.append(name, ' ', text)
  list.append(line)
  if (list.children.length > 200) list.firstElementChild?.remove()
  if (isAtEnd) list.scrollTop = list.scrollHeight
}

form.onsubmit = (event) => {
  event.preventDefault()
  if (socket.readyState !== WebSocket.OPEN) return void (status.value = 'Not sent: there is no connection.')
  socket.send(JSON.stringify({ username: username.value, message: message.value }))
  message.value = ''
}

let socket = connect()
started()
