/** A page with one event stream, which stays open even in a hidden tab. A student opens it in seven tabs. */
import { createServer } from 'node:http'

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>A stream</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
  b { font-variant-numeric: tabular-nums }
</style>
<h1>Here is the page</h1>
<p>Its stream sends one event a second. So far it has sent <b id="count">0</b>.</p>
<script>
  let count = 0
  new EventSource('/stream').onmessage = () => (document.getElementById('count').textContent = count += 1)
</script>
`

createServer((request, response) => {
  if (request.url !== '/stream') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(PAGE)
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const ticking = setInterval(() => response.write('data:\n\n'), 1000)
  response.once('close', () => clearInterval(ticking))
}).listen(Number(process.env['PORT'] ?? 4208), '127.0.0.1')
