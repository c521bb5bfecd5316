/** Messages between the primary process, which starts the workers, and a worker. */
import type { ServerSettings } from './settings.ts'

export type ToWorker =
  /** The first message: what the worker has to serve. */
  | { readonly is: 'task'; readonly task: WorkerTask }
  /** The addresses at which a class joins. */
  | { readonly is: 'join-at'; readonly addresses: readonly string[] }
  /** The worker must say goodbye to its clients and end. */
  | { readonly is: 'end'; readonly why: string }

export interface WorkerTask {
  readonly settings: ServerSettings
  /** Number of the worker, from 1. A worker that replaces another one gets its number. */
  readonly worker: number
  /** Addresses on which other programs listen on the same port. */
  readonly others: readonly string[]
}

export type FromWorker =
  | { readonly is: 'listening' }
  /** The worker could not start, and ends. */
  | { readonly is: 'failed'; readonly why: string }
  /** A sentence about the event log for the person who starts the server. */
  | { readonly is: 'report'; readonly sentence: string }

/** Returns false for other messages, for example those that `node --watch` lets each process send. */
export const isFromWorker = (message: unknown): message is FromWorker =>
  typeof message === 'object' && message !== null && 'is' in message
