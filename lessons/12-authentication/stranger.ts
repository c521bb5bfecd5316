/** Another site. While somebody looks at its page, the page tries in that person's name what only the chat's own should. */
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
<p>This is a page of <b id="me"></b>. It has nothing to do with <b id="chat"></b>, and this is what it tried there, with
your cookie:</p>
<dl>
  <dt>to read a page, by <code>fetch</code></dt><dd id="read">\u2026</dd>
  <dt>to get a ticket, by <code>fetch</code> and POST</dt><dd id="ticket">\u2026</dd>
  <dt>to open a WebSocket</dt><dd id="socket">\u2026</dd>
</dl>
<script>
  // The chat of the lesson is a hundred ports below; another one by ?chat=localhost:4112
  const chat = new URLSearchParams(location.search).get('chat') ?? 'localhost:' + (Number(location.port) - 100)
  const say = (id, text) => (document.getElementById(id).textContent = text)
  say('me', location.origin)
  say('chat', 'http://' + chat)

  const ask = (id, path, method) =>
    fetch('http://' + chat + path, { method, credentials: 'include' })
      .then((answer) => answer.text())
      .then((text) => say(id, 'read: ' + text), () => say(id, 'the browser let it ask, and does not let it read'))
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
