/** Problems of a program other than wrong responses, such as a syntax error or a crash, with file and line. */
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Hint } from './finding.ts'
import { TROUBLE } from './hints.ts'
import type { ProcessReport } from './hosted/message.ts'

export type TroubleKind = keyof typeof TROUBLE

export interface Trouble {
  readonly kind: TroubleKind
  /** A sentence that describes the problem. */
  readonly what: string
  /** `short-poll.ts:12`, in the student's folder; null if it is unknown. */
  readonly where: string | null
  readonly hint: Hint
}

/** Thrown if a program cannot be started, or has ended. */
export class ProgramEnded extends Error {
  readonly trouble: Trouble

  constructor(trouble: Trouble) {
    super(trouble.what)
    this.trouble = trouble
  }
}

/** Thrown if code of the student's file throws while a check calls a function. The process continues. */
export class Threw extends Error {
  readonly trouble: Trouble

  constructor(trouble: Trouble) {
    super(trouble.what)
    this.trouble = trouble
  }
}

/** Error for the stack of an error that a called function threw. */
export function thrownIn(stack: string, folder: string): Error {
  const where = placeIn(stack, folder)
  const [head = ''] = stack.split('\n')
  return where === null ? new Error(stack) : new Threw(trouble('call threw', `${head} (${where})`, where))
}

export function troubleOf(report: Exclude<ProcessReport, { is: 'ready' | 'beat' }>, folder: string): Trouble {
  if (report.is === 'no export') {
    const found = report.found.length > 0 ? `it exports ${report.found.join(', ')}` : 'it exports nothing'
    return trouble('no export', `The file should export ${report.exported}, and ${found}.`, null)
  }
  const where = placeIn(report.stack, folder)
  if (report.is === 'exit')
    return trouble('exit', `The program called process.exit(${report.exitCode}), which ends the whole server.`, where)
  const { message, code, is } = report
  if (code === 'EADDRINUSE') return trouble('port in use', `Port ${report.port ?? ''} is in use: ${message}.`, where)
  if (/^SyntaxError/m.test(report.stack) && is === 'import') {
    if (/does not provide an export named/.test(message))
      return trouble('no such name', `An import names something that does not exist: ${message.trim()}`, where)
    if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
      return trouble('not erasable', `Node does not run this part of TypeScript: ${message.trim()}`, where)
    if (isAtDecorator(report.stack))
      return trouble('not erasable', `Node does not run decorators: ${message.trim()}`, where)
    return trouble('syntax', `The file is not valid TypeScript: ${message.trim()}`, where)
  }
  if (is === 'import')
    return trouble('import', `The file threw an error while it was being imported: ${headOf(report)}`, where)
  if (is === 'threw') return trouble('threw', `Your handler threw an error: ${headOf(report)}`, where)
  return trouble('crash', `The process ended because of an uncaught error: ${headOf(report)}`, where)
}

export function trouble(kind: TroubleKind, what: string, where: string | null): Trouble {
  return { kind, what, where, hint: TROUBLE[kind] }
}

/** True if the caret in the stack of a syntax error is at the sign of a decorator. */
function isAtDecorator(stack: string): boolean {
  const [, line = '', indent = ''] = /^(.*)\n( *)\^/m.exec(stack) ?? []
  return line[indent.length] === '@'
}

/** Line of a stack with name and message, such as `TypeError: …`. The line of the code that threw may come before it. */
function headOf({ message, stack }: { message: string; stack: string }): string {
  const [beforeFrames = ''] = stack.split(/^ +at /m)
  const [first = ''] = message.split('\n')
  return beforeFrames.split('\n').findLast((line) => line.includes(first)) ?? message
}

/** Returns the first position of a stack that is in the student's folder. */
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
