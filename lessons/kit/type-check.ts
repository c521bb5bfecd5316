/** Checks the types of a student's files with TypeScript, in a separate process. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../../package.json' with { type: 'json' }
import { REPOSITORY } from './course.ts'
import type { Exercise } from './exercise.ts'

const TSC = join(REPOSITORY, 'node_modules/typescript/bin/tsc')

/** Errors about unused declarations, which are ignored because the student is still writing. */
const UNUSED = /error TS(?:6133|6192|6196|6198|6199):/

/** Errors, one line each: `short-poll.ts:12:5 message`. Null if the file does not exist. */
export type TypeErrors = Promise<readonly string[] | null>

/** Checks the files of all these exercises at once, which takes hardly longer than one of them. */
export function typeErrorsOf(folder: string, exercises: readonly Exercise[]): (exercise: Exercise) => TypeErrors {
  const files = exercises.map(fileOf).filter((file) => existsSync(join(folder, file)))
  const isForPage = exercises.some(({ hosted }) => hosted.kind === 'client')
  const checking = files.length === 0 ? Promise.resolve([]) : typeErrorsIn(folder, files, isForPage)
  // The caller gets the rejection later; if an earlier exercise fails, nobody asks.
  checking.catch(() => {})
  return async (exercise) => {
    const others = files.filter((file) => file !== fileOf(exercise))
    if (others.length === files.length) return null
    return (await checking).filter((line) => !others.some((file) => line.startsWith(`${file}:`)))
  }
}

const fileOf = ({ name }: Exercise): string => `${name}.ts`

/** Returns the errors in these files of a folder, all at once. `isForPage`: true if a browser runs one of them. */
export async function typeErrorsIn(
  folder: string,
  files: readonly string[],
  isForPage: boolean,
): Promise<readonly string[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'fourwire-types-'))
  try {
    const home = await realpath(folder)
    const config = join(scratch, 'tsconfig.json')
    await writeFile(
      config,
      JSON.stringify(
        await configOf(
          files.map((file) => join(home, file)),
          isForPage,
        ),
      ),
    )
    return linesOf(await run(config), home)
  } finally {
    await rm(scratch, { recursive: true })
  }
}

/** Returns the repository's configuration, adapted for files in any folder. */
async function configOf(files: readonly string[], isForPage: boolean): Promise<object> {
  return {
    extends: join(REPOSITORY, 'tsconfig.json'),
    files,
    include: [],
    compilerOptions: {
      module: 'esnext',
      moduleResolution: 'bundler',
      // The types of a browser differ: there, the result of `response.json()` can be used without a cast.
      ...(isForPage && { lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable'] }),
      typeRoots: [join(REPOSITORY, 'node_modules/@types')],
      // Finds types in @types for packages without types of their own, such as ws.
      paths: {
        ...studentImports(),
        '#server/*': [join(REPOSITORY, 'server/*')],
        '#web/*': [join(REPOSITORY, 'web/*')],
        ...(await partsOf(files)),
        '*': [join(REPOSITORY, 'node_modules/@types/*'), join(REPOSITORY, 'node_modules/*')],
      },
    },
  }
}

/** Returns the type files of the package parts that these files import, such as `typebox/compile`. */
async function partsOf(files: readonly string[]): Promise<Record<string, [string]>> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  const imported = texts.flatMap((text) => Array.from(text.matchAll(PART), ([, name = '']) => name))
  const parts: Record<string, [string]> = {}
  for (const name of imported)
    try {
      parts[name] = [fileURLToPath(import.meta.resolve(name)).replace(/\.([cm]?)js$/, '.d.$1ts')]
    } catch {
      // TypeScript reports a part that does not exist.
    }
  return parts
}

const PART = /\bfrom ['"]((?:@[\w.-]+\/)?[\w.-]+\/[^'"]+)['"]/g

/** The addresses of `package.json` that name one file, as absolute paths. */
function studentImports(): Record<string, string[]> {
  const addresses = Object.entries(packageJson.imports).filter(([address]) => !address.includes('*'))
  return Object.fromEntries(addresses.map(([address, file]) => [address, [join(REPOSITORY, file)]]))
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

/** TypeScript names files relative to its working directory. */
function nameOf(file: string, folder: string): string {
  const name = relative(folder, resolve(file)).replaceAll('\\', '/')
  return name.startsWith('..') ? file : name
}
