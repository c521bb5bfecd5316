/** The plain chat, by nothing but the browser's own WebSocket. The server sends what one says on to all, its sender included. */
import type { ChatMessage, ErrorMessage } from '../server/protocol.ts'

const [form] = document.forms
const list = document.querySelector('[role=log]')
const status = document.querySelector('output')
const [username, message] = document.querySelectorAll('input')
if (!form || !list || !status || !username || !message) throw new Error('Something is missing in chat.html.')

const connect = (): WebSocket => {
  const fresh = new WebSocket(`${location.origin.replace('http', 'ws')}/chat`)
  fresh.onopen = () => (status.value = '')
  fresh.onmessage = ({ data }: MessageEvent<string>) => show(JSON.parse(data))
  // It never comes back by itself, and a class that was cut together must not come back together.
  fresh.onclose = () => {
    status.value = 'The connection is gone. Trying again.'
    setTimeout(() => (socket = connect()), 500 + 2000 * Math.random())
  }
  return fresh
}

const show = (said: ChatMessage | ErrorMessage): void => {
  if ('type' in said) return void (status.value = `${said.message} ${said.remedy}`)
  const isAtEnd = list.scrollTop + list.clientHeight > list.scrollHeight - 10
  const line = document.createElement('p')
  const name = document.createElement('b')
  const text = document.createElement('bdi')
  // As text, never as HTML: somebody else wrote it.
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
