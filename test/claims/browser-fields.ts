/** Fields that browsers send to their own server at localhost, without `Host`, and the size of whose values matters. */

type Fields = Readonly<Record<string, string>>

export interface BrowserFields {
  readonly name: string
  /** Of `fetch` without options. */
  readonly request: Fields
  /** Of `EventSource`. */
  readonly stream: Fields
  /** Of `WebSocket`, without those that every handshake has. */
  readonly socket: Fields
}

const CHROME_60 =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_12_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/60.0.3112.113 Safari/537.36'
const OLD = { 'Accept-Encoding': 'gzip, deflate, br', 'Accept-Language': 'en-US,en;q=0.8' }
const REFERER = { Referer: 'http://localhost:3000/' }
const EXTENSION = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }

/** The browser of the source. The values are written from what is known of that version; no such browser was run. */
export const chrome60: BrowserFields = {
  name: 'Chrome 60 of 2017',
  request: { Connection: 'keep-alive', 'User-Agent': CHROME_60, Accept: '*/*', ...REFERER, ...OLD },
  stream: {
    Connection: 'keep-alive',
    Accept: 'text/event-stream',
    'Cache-Control': 'no-cache',
    'User-Agent': CHROME_60,
    ...REFERER,
    ...OLD,
  },
  socket: {
    Pragma: 'no-cache',
    'Cache-Control': 'no-cache',
    Origin: 'http://localhost:3000',
    'User-Agent': CHROME_60,
    ...OLD,
    ...EXTENSION,
  },
}

const CHROMIUM_156 =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'
const NEW = { 'Accept-Encoding': 'gzip, deflate, br, zstd', 'Accept-Language': 'en-US,en;q=0.9' }
const CLIENT = {
  'sec-ch-ua-platform': '"Linux"',
  'User-Agent': CHROMIUM_156,
  'sec-ch-ua': '"Not:A-Brand";v="8", "Chromium";v="156"',
  'sec-ch-ua-mobile': '?0',
}
const FETCH = { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' }
const NO_CACHE = { Pragma: 'no-cache', 'Cache-Control': 'no-cache' }

/** Read from the requests of a real Chromium 156, whose name in `User-Agent` was `HeadlessChrome`. */
export const chromium156: BrowserFields = {
  name: 'Chromium 156 of 2026',
  request: { Connection: 'keep-alive', ...CLIENT, Accept: '*/*', ...FETCH, ...REFERER, ...NEW },
  stream: {
    Connection: 'keep-alive',
    ...NO_CACHE,
    ...CLIENT,
    Accept: 'text/event-stream',
    ...FETCH,
    ...REFERER,
    ...NEW,
  },
  socket: { ...NO_CACHE, 'User-Agent': CHROMIUM_156, Origin: 'http://localhost:3000', ...NEW, ...EXTENSION },
}
