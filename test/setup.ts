import { EventSource } from 'eventsource'

const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24)
  throw new Error(
    `The tests need Node 24.12 or later and this is ${process.version}. Run them with npm test: that brings one.`,
  )

// Node has a WebSocket and a fetch of its own, but its EventSource needs a flag.
globalThis.EventSource ??= EventSource as unknown as typeof globalThis.EventSource
