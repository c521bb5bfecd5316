/** What can be wrong with a program before anything crosses the wire: each named for what it is, with file and line. */
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Hint } from './exercise.ts'
import type { Word } from './hosted/message.ts'

export type TroubleKind =
  | 'no file'
  | 'syntax'
  | 'import'
  | 'no export'
  | 'port in use'
  | 'exit'
  | 'crash'
  | 'threw'
  | 'stuck'
  | 'never ready'
  | 'killed'

export interface Trouble {
  readonly kind: TroubleKind
  /** A sentence. */
  readonly what: string
  /** `short-poll.ts:12`, in the student's folder; null where that cannot be known. */
  readonly where: string | null
  readonly hint: Hint
}

/** Thrown where a program cannot be started, or has ended. */
export class ProgramEnded extends Error {
  readonly trouble: Trouble

  constructor(trouble: Trouble) {
    super(trouble.what)
    this.trouble = trouble
  }
}

export function troubleOf(word: Exclude<Word, { is: 'ready' | 'beat' }>, folder: string): Trouble {
  if (word.is === 'no export') {
    const found = word.found.length > 0 ? `it exports ${word.found.join(', ')}` : 'it exports nothing'
    return trouble('no export', `The file should export ${word.exported}, and ${found}.`, null)
  }
  const where = placeIn(word.stack, folder)
  if (word.is === 'exit')
    return trouble('exit', `The program called process.exit(${word.exitCode}), which ends the whole server.`, where)
  const { message, code, is } = word
  if (code === 'EADDRINUSE') return trouble('port in use', `Port ${word.port ?? ''} is in use: ${message}.`, where)
  if (/^SyntaxError/m.test(word.stack) && is === 'import')
    return trouble('syntax', `The file cannot be read as TypeScript: ${message.trim()}`, where)
  if (is === 'import') return trouble('import', `The program failed while it was imported: ${headOf(word)}`, where)
  if (is === 'threw') return trouble('threw', `Your handler threw: ${headOf(word)}`, where)
  return trouble('crash', `The process ended by an error that nobody caught: ${headOf(word)}`, where)
}

export function trouble(kind: TroubleKind, what: string, where: string | null): Trouble {
  return { kind, what, where, hint: HINTS[kind] }
}

/** `TypeError: …`, as a stack begins. */
const headOf = ({ message, stack }: { message: string; stack: string }): string =>
  stack.split('\n').find((line) => line.includes(message.split('\n')[0] ?? '')) ?? message

/** The first place of a stack that is in the student's own folder. */
export function placeIn(stack: string, folder: string): string | null {
  for (const [, place = '', line] of stack.matchAll(/((?:file:\/\/|\/|[A-Z]:\\)[^\s()]*?):(\d+)/g)) {
    const path = pathOf(place)
    if (path.startsWith(folder + sep) && !path.includes('node_modules')) return `${relative(folder, path)}:${line}`
  }
  return null
}

function pathOf(place: string): string {
  try {
    return place.startsWith('file:') ? fileURLToPath(place) : place
  } catch {
    return place
  }
}

const HINTS: Readonly<Record<TroubleKind, Hint>> = {
  'no file': [
    'The file that is to be checked is not there.',
    'Look at its name and its folder; npm run lesson makes the folder where it is missing.',
    'The kit runs one file by its name, and knows of no other.',
  ],
  syntax: [
    'The file could not be read, so nothing of it ran.',
    'Look at the line named, and at the one above it: a bracket, quote or comma is often missing there.',
    'Node takes the types out and runs what is left. Types that are more than annotations (enum, namespace) it refuses.',
  ],
  import: [
    'The file was read, and its first run, from top to bottom, failed.',
    'Look at the line named, and at whatever the top of the file imports or calls.',
    'What stands outside of all functions runs once, when the file is imported, before there is any request.',
  ],
  'no export': [
    'The file ran, but what the sandbox would plug in is not among what it exports.',
    'Look at the line that begins with export: the name has to be the one that the file started with.',
    'The sandbox knows a transport by its exported name and its serve method, and by nothing else.',
  ],
  'port in use': [
    'The program asked for a port that somebody else has.',
    'Look at where it listens: the port to take is in the environment variable PORT.',
    'A port belongs to one process at a time. A program that is told its port can run beside others.',
  ],
  exit: [
    'One request ended the process, and with it every other client.',
    'Look at the line named; a handler answers and returns, whatever happens.',
    'A server outlives its requests. What goes wrong with one is told to that one, by a status.',
  ],
  crash: [
    'The process is gone, and with it every other client.',
    'Look at the line named. Errors in callbacks and timers are caught by nobody unless you do.',
    'Fastify turns an error in a handler into an answer. What runs later (a timer, a listener) is outside of any handler.',
  ],
  threw: [
    'The handler ended by an error, and the client was told 500.',
    'Look at the line named: what is undefined there, and in which case?',
    'A status of 500 says that the server has a defect. What a client did wrong is said by one from 400 on.',
  ],
  stuck: [
    'The program did nothing else for so long that it was ended: no timer, no other request.',
    'Look at the loop at the line named: what is to end it, and when can that happen?',
    'One thread serves all clients. Waiting is done by giving that thread back (await), never by a loop.',
  ],
  'never ready': [
    'The program was started and never became ready.',
    'Look for an await at the top of the file that never ends, or a server that does not listen on PORT.',
    'A server is there as soon as its port takes connections, and not before.',
  ],
  killed: [
    'The process ended without a word.',
    'Look for what ends processes: a signal, or memory that grows until none is left.',
    'The kit saw the process go, and nothing in it said why.',
  ],
}
