/** Texts of the page that are longer than a label, such as the help that a person sees on hover and focus. */
const NUMBERS = ['no', 'one', 'two', 'three', 'four', 'five', 'six']

/** Returns the page's title. `ways` is the number of lanes. */
export function titleOf(ways: number): string {
  return `One chat feed, delivered ${NUMBERS[ways] ?? ways} ${ways === 1 ? 'way' : 'ways at once'}. How late, and at what cost?`
}

export const HELP = {
  p50: 'The time from the moment the server accepts a message to the first line of code that has it in this browser.',
  bound: 'The largest possible difference between this browser’s clock and the server’s clock.',
  expected: 'The value that the model predicts for this interval, network and rate.',
  p95: '19 of 20 messages arrive sooner. The number is grey below 75 responses, because fewer are not enough for it.',
  p99: '99 of 100 messages arrive sooner. The number is grey below 400 responses, because fewer are not enough for it.',
  n: 'The number of messages measured since you last changed a setting.',
  all: 'The number of messages for each delay, on a log scale. The line below is the range that the model expects.',
  hop: 'The sandbox passes the bytes between this browser and your server on without a change. So your lane has the same network as the others, and its bytes are counted. This adds one hop inside this computer in each direction. Its time is estimated as half of the shortest of the last 15 connects. Your server also gets each message a little later than the reference lane, which is the sandbox itself.',
  bytes:
    'The bytes that crossed the wire, in both directions, divided by the number of messages that arrived. The server counts them at its sockets, without TCP and IP headers.',
  payload: 'The messages themselves, as JSON.',
  framing: 'The bytes that mark where a message ends: the JSON around it, chunk sizes, SSE fields, frame heads.',
  heads: 'The heads of requests and responses, and the messages that this page publishes.',
  nothing: 'Empty responses, heartbeats and pings.',
  hour: 'The requests and bytes if a thousand people read this feed for an hour in this way.',
  requests: 'The number of requests since the figures started.',
  age: 'The time since the newest message of this lane was published.',
  ledger:
    'The number of messages that never came, and of messages that came twice. Both stay 0 when you cut, switch or restart, because each lane continues at its cursor.',
  code: 'The server file and the browser file that run here.',
  clock: 'All times are on the server’s clock. This is the largest possible error of this page’s estimate.',
  rate: 'The number of messages that the metronome publishes per second, at random moments.',
  network: 'Changes the bytes below HTTP, in both directions, for all lanes in the same way.',
  more: 'Sets each condition separately, and cuts connections in different ways.',
  cut: 'Resets every connection of the feed immediately, even in the middle of a message.',
  restart: 'Ends all streams politely, refuses everybody for a moment, and then removes all network conditions.',
  proxy:
    'Holds the server’s bytes until there are 4 KiB, 3 s are over, or the response is complete. A proxy between server and browser can do that.',
  firewall: 'Refuses WebSockets with 403, as some schools and companies do.',
  publishOne: 'Publishes one message at once, so that you can watch how it travels. The key P does the same.',
  only: 'Shows this transport alone. It continues at the same cursor.',
  allLanes: 'Switches all lanes on again. Each continues at the page’s cursor.',
  large:
    'Shows the lanes, their typical delays and the comparison in large type, for the back row. The key L does the same.',
  people: 'Hide the chat on this screen, remove messages, mute and remove people.',
  token:
    'The server printed the token when it started, at the end of the instructor’s link. The token makes you the instructor in this browser.',
  notInstructor:
    'Only the instructor sets what affects everybody. The instructor opens the link that the server printed when it started.',
}

/** For each network condition: what happens in a real network, and where the condition differs from it. */
export const NETWORK: readonly (readonly [string, string])[] = [
  [
    'latency',
    'Each packet needs this time in one direction, and a new connection needs one more round trip. Models: distance. Does not model: routes that change, directions of different length, DNS, TLS.',
  ],
  [
    'jitter',
    'Each packet needs up to this time in addition. Every amount is equally likely, and no packet overtakes another. Models: other traffic in the queues of routers. Does not model: queues that stay long for seconds.',
  ],
  [
    'bandwidth',
    'Packets leave one after the other at this rate. Models: a slow line. Does not model: connections of one page that compete, TCP slow start, the bytes below TCP.',
  ],
  [
    'loss',
    'This share of the packets arrives one retransmission timeout later (200 ms and a round trip, or more), and everything after such a packet waits. Models: losses on a line with little traffic. Does not model: fast retransmit, or the slower sending after a loss.',
  ],
  [
    'buffering',
    'The server’s bytes are held until there are this many bytes, this time is over, or the response is complete. Models: a proxy that collects responses. nginx sends a response with X-Accel-Buffering: no on immediately. The event stream here has that header, so the nginx preset does not hold SSE. We tried nginx 1.22: with the setting that ignores the header, nginx held the same stream until 4 KiB. Most other proxies do not know the header, and the switch Buffering proxy ignores it. Does not model: what a proxy does with requests.',
  ],
  [
    'slow reader',
    'The client’s application reads this many bytes per second from each of its connections. Models: a client that cannot keep up. First its receive window is full, then the server’s buffer, and then the server waits. A polling client asks again only after it has read its response, so no bytes collect for it. Does not model: an application that stops and then reads everything at once, or a window that grows.',
  ],
  [
    'idle cut',
    'A connection is closed after this time without a byte in either direction. Models: proxies and load balancers. Does not model: NAT tables, which forget a connection without closing it.',
  ],
  [
    'firewall',
    'Requests for a WebSocket are refused with 403. Models: a filter that knows only HTTP. Does not model: a filter that accepts the upgrade and breaks the connection afterwards.',
  ],
  [
    'the lab',
    'No condition affects the page’s own connection to the lab. The page reads the clock through it, and the instructor sets the network through it.',
  ],
  [
    'cut, restart',
    'Cut resets every connection of the feed. Restart ends all streams politely, refuses everybody for 1.5 s and removes all conditions. The server’s process keeps running.',
  ],
]
