/** Visit of a page to the lab, over a WebSocket or over an event stream. */
import type { IncomingMessage } from 'node:http'
import type { LabMessage } from '../protocol/lab.ts'
import type { LabPage } from './page.ts'

/** Connection of a page to the lab of a room. */
export interface Visit {
  /** Name of the room. */
  readonly name: string
  readonly page: LabPage
  readonly pageName: string | undefined
  readonly from: IncomingMessage
}

/** Facts about a new visit: the room's cursor, the user, and whether the page has the rights of the instructor. */
export type Who = Pick<Extract<LabMessage, { type: 'welcome' }>, 'cursor' | 'instructor' | 'user'>
