/** Small programs that behave like the comparing program, for tests of the server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export const FINDINGS = {
  verdict: 'sse fits this workload.',
  fits: 'sse',
  transports: [{ transport: 'sse', p95Ms: 3, bytes: 120, doubt: null }],
}

/** Like the report of the comparing program, it has a style inside. */
export const REPORT =
  '<!doctype html><html lang="en"><title>Report</title><style>p { font-weight: 600 }</style><p>sse fits this workload.</p>'

const progress = (done: number): string =>
  `{ is: 'measuring', repetition: 1, repetitions: 3, transport: String(process.pid), done: ${done}, total: 15 }`
const PROGRESS = progress(0)
const ENDS = `process.on('disconnect', () => process.exit())`

/** Each program that measures sends its process id as the name of the transport. */
export const PROGRAMS = {
  endless: `process.send(${PROGRESS}); ${ENDS}`,
  fast: `process.send(${PROGRESS}); process.send(${progress(14)}); ${ENDS}`,
  stubborn: `process.on('SIGTERM', () => {}); process.send(${PROGRESS}); ${ENDS}`,
  measured: `process.send({ is: 'measured', findings: ${JSON.stringify(FINDINGS)}, html: ${JSON.stringify(REPORT)} }, () => process.exit())`,
  refusing: `process.send({ is: 'failed', why: process.argv.slice(2).join(' ') }, () => process.exit(2))`,
  crashing: `throw new Error('the secret reason')`,
  killed: `process.kill(process.pid, 'SIGKILL')`,
} as const

export interface FakeProgram {
  readonly file: string
  /** Replaces the program. The next start runs the new one. */
  become(name: keyof typeof PROGRAMS): Promise<void>
}

/** Writes a program to a folder that is removed after the test. */
export async function fakeProgram(name: keyof typeof PROGRAMS): Promise<FakeProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-comparison-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'program.mjs')
  const become = (next: keyof typeof PROGRAMS) => writeFile(file, PROGRAMS[next])
  await become(name)
  return { file, become }
}
