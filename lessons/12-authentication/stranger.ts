/** A stranger's server. When a user opens its page, the page sends requests to the chat in this user's name. */
import { createServer } from 'node:http'

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Kittens</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
  dt { font-weight: 600; margin-top: 1rem }
  dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }
</style>
<h1>Kittens, kittens, kittens</h1>
<p>This is a page of <b id="me"></b>. It does not belong to <b id="chat"></b>. But it has sent three requests to that
server, with your cookie:</p>
<dl>
  <dt>read a page, with <code>fetch</code></dt><dd id="read">\u2026</dd>
  <dt>get a ticket, with <code>fetch</code> and POST</dt><dd id="ticket">\u2026</dd>
  <dt>open a WebSocket</dt><dd id="socket">\u2026</dd>
</dl>
<script>
  // The port of the lesson's chat is 100 lower than this one. ?chat=localhost:4112 names another chat.
  const chat = new URLSearchParams(location.search).get('chat') ?? 'localhost:' + (Number(location.port) - 100)
  const say = (id, text) => (document.getElementById(id).textContent = text)
  say('me', location.origin)
  say('chat', 'http://' + chat)

  const ask = (id, path, method) =>
    fetch('http://' + chat + path, { method, credentials: 'include' })
      .then((answer) => answer.text())
      .then((text) => say(id, 'read: ' + text), () => say(id, 'the browser sent the request, but the page may not read the response'))
  ask('read', '/', 'GET')
  ask('ticket', '/ticket', 'POST')

  const socket = new WebSocket('ws://' + chat + '/chat')
  socket.onmessage = ({ data }) => say('socket', 'read: ' + data)
  socket.onclose = ({ code }) => {
    if (document.getElementById('socket').textContent === '\u2026') say('socket', 'refused, closed with ' + code)
  }
</script>
`

createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(PAGE)
}).listen(Number(process.env['PORT'] ?? 4212), '127.0.0.1')
