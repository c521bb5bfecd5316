/** The types of a student's file, checked by TypeScript in a process of its own. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REPOSITORY } from './course.ts'
import type { Exercise } from './exercise.ts'

const TSC = join(REPOSITORY, 'node_modules/typescript/bin/tsc')

/** What is declared and not used yet is no mistake while one is writing. */
const UNUSED = /error TS(?:6133|6192|6196|6198|6199):/

/** One line each: `short-poll.ts:12:5 what is wrong`. Null where the file is not there. */
export type TypeErrors = Promise<readonly string[] | null>

/** Of all these exercises at once, which takes a second or two, and hardly longer than for one. */
export function typeErrorsOf(folder: string, exercises: readonly Exercise[]): (exercise: Exercise) => TypeErrors {
  const files = exercises.map(fileOf).filter((file) => existsSync(join(folder, file)))
  const checking = files.length === 0 ? Promise.resolve([]) : check(folder, files)
  // Who asks hears of it; where an earlier exercise could not be judged nobody asks.
  checking.catch(() => {})
  return async (exercise) => {
    const others = files.filter((file) => file !== fileOf(exercise))
    if (others.length === files.length) return null
    return (await checking).filter((line) => !others.some((file) => line.startsWith(`${file}:`)))
  }
}

const fileOf = ({ name }: Exercise): string => `${name}.ts`

async function check(folder: string, files: readonly string[]): Promise<readonly string[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'fourwire-types-'))
  try {
    const home = await realpath(folder)
    const config = join(scratch, 'tsconfig.json')
    await writeFile(config, JSON.stringify(configOf(files.map((file) => join(home, file)))))
    return linesOf(await run(config), home)
  } finally {
    await rm(scratch, { recursive: true })
  }
}

/** As the repository's own, for files that may lie anywhere. */
function configOf(files: readonly string[]): object {
  return {
    extends: join(REPOSITORY, 'tsconfig.json'),
    files,
    include: [],
    compilerOptions: {
      module: 'esnext',
      moduleResolution: 'bundler',
      typeRoots: [join(REPOSITORY, 'node_modules/@types')],
      // A package without types of its own, such as ws, has them beside it.
      paths: {
        '#server/*': [join(REPOSITORY, 'server/*')],
        '#web/*': [join(REPOSITORY, 'web/*')],
        '*': [join(REPOSITORY, 'node_modules/@types/*'), join(REPOSITORY, 'node_modules/*')],
      },
    },
  }
}

function run(config: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [TSC, '-p', config, '--pretty', 'false'], (_error, stdout) => resolve(stdout))
  })
}

function linesOf(output: string, folder: string): readonly string[] {
  const errors = output.matchAll(/^(\S.*?)\((\d+),(\d+)\): (error TS\d+: .*)$/gm)
  return Array.from(errors)
    .filter(([line]) => !UNUSED.test(line))
    .map(([, file = '', line, column, what]) => `${nameOf(file, folder)}:${line}:${column} ${what}`)
}

/** TypeScript names files from where it was started. */
function nameOf(file: string, folder: string): string {
  const name = file.split(/[\\/]/).at(-1) ?? file
  return file.startsWith('..') || file.includes(folder) ? name : file
}
