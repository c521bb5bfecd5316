/**
 * Exports of the server for students' programs. In the lessons, `package.json` maps three import paths to this file:
 * `#server/protocol.ts`, `#server/transports/transport.ts` and `#server/upgrade.ts`. So a program that a student has
 * saved keeps working if the server's own files move.
 */
export {
  Known,
  LIMIT_EVENTS,
  Limit,
  MESSAGE,
  MESSAGE_BYTES,
  Params,
  Query,
  personOf,
  startOf,
} from '../http/parameters.ts'
export { SERVICE_RESTART, createHandshakes, takeUpgrade } from '../http/upgrade.ts'
export type { App } from '../http/app-type.ts'
export type { Board, Change, List, Task, TaskChange } from '../protocol/board.ts'
export type { BoardAnswer } from '../protocol/board-answer.ts'
export type {
  Cursor,
  Event,
  FeedMessage,
  FeedRequest,
  Person,
  PollAnswer,
  RoomPresence,
  TransportName,
} from '../protocol/feed.ts'
export { HEARTBEAT_MS } from '../transports/transport.ts'
export type { Goodbye, Rules, Transport } from '../transports/transport.ts'
