import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'

// Each title stands in the README under "Invariants", word for word; `docs.test.ts` holds that.

const REPOSITORY = join(import.meta.dirname, '..')
const HTTP = /^(?:fastify|@fastify\/.*|ws|(?:node:)?(?:http|https|http2|net|tls))$/

test('`server/feed` imports no transport, no HTTP, no wire and no lab', () => {
  const imports = importsOf('server/feed/**/*.ts')
  expect(imports).not.toEqual([])
  expect(
    imports.filter(({ from }) => HTTP.test(from) || isIn(from, 'server/transports', 'server/wire', 'server/lab')),
  ).toEqual([])
})

test('No transport of the server imports another transport, the wire or the lab', () => {
  const transports = transportsOf('server')
  const imports = importsOf('server/transports/**/*.ts').filter(({ file }) => file !== 'server/transports/index.ts')
  expect(imports.filter(({ from }) => transports.includes(from) || isIn(from, 'server/wire', 'server/lab'))).toEqual([])
})

test('No transport of the browser imports another transport', () => {
  const transports = transportsOf('web')
  const imports = importsOf('web/transports/**/*.ts').filter(({ file }) => file !== 'web/transports/index.ts')
  expect(imports.filter(({ from }) => transports.includes(from))).toEqual([])
})

test('The transports of the browser and of the server have the same names', () => {
  const names = (side: Side) => transportsOf(side).map((file) => posix.basename(file))
  expect(names('web').toSorted()).toEqual(names('server').toSorted())
})

test('The wire imports no feed and no transport', () => {
  const imports = importsOf('server/wire/**/*.ts')
  expect(imports).not.toEqual([])
  expect(imports.filter(({ from }) => isIn(from, 'server/feed', 'server/transports'))).toEqual([])
})

test('`web` takes from `server` only `import type`', () => {
  const imports = importsOf('web/**/*.ts').filter(({ from }) => isIn(from, 'server'))
  expect(imports).not.toEqual([])
  expect(imports.filter(({ typeOnly }) => !typeOnly)).toEqual([])
})

test('`server` takes from `web` nothing but the rules of a board, which know neither', () => {
  const imports = importsOf('server/**/*.ts').filter(({ from }) => isIn(from, 'web'))
  const rules = [...new Set(imports.map(({ from }) => from))].toSorted()
  expect(rules).toEqual(['web/board/apply.ts', 'web/board/rules.ts'])
  const theirs = importsOf('web/board/{apply,place,rules}.ts').filter(({ typeOnly }) => !typeOnly)
  expect([...new Set(theirs.map(({ from }) => from))]).toEqual(['web/board/place.ts'])
})

test('`web/measure` imports nothing but itself and types', () => {
  const imports = importsOf('web/measure/**/*.ts')
  expect(imports.filter(({ from, typeOnly }) => !typeOnly && !isIn(from, 'web/measure'))).toEqual([])
})

test('`server/protocol.ts` is types only', () => {
  const code = stripTypeScriptTypes(read('server/protocol.ts'))
  expect(code.replace(/\/\*.*?\*\/|\/\/.*?$/gms, '').trim()).toBe('')
})

test('Only `server/main.ts` touches `process.argv` and `process.env`', () => {
  const touches =
    /\bprocess\s*(?:\.\s*(?:argv|env)\b|\[)|\{[^}]*\b(?:argv|env)\b[^}]*\}\s*=\s*process\b|['"](?:node:)?process['"]/
  const files = filesOf('server/**/*.ts', 'web/**/*.ts').filter((file) => touches.test(read(file)))
  expect(files).toEqual(['server/main.ts'])
})

test('`server/launch.js` is the only file of JavaScript', () => {
  expect(filesOf('**/*.{js,cjs,mjs,jsx}')).toEqual(['server/launch.js'])
})

interface Import {
  readonly file: string
  /** A path in the repository, or the bare name of a package. */
  readonly from: string
  readonly typeOnly: boolean
}

/** Statements at the start of a line, which leaves out what comments say, and `import()` anywhere. */
function importsOf(pattern: string): Import[] {
  return filesOf(pattern).flatMap((file) => {
    const text = read(file)
    const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[\w$\s{},*]*?\bfrom\s*)?['"]([^'"\n]+)['"]/gm)
    const calls = text.matchAll(/()\bimport\s*\(\s*['"`]([^'"`\n]+)['"`]/g)
    return [...statements, ...calls].map(([, type = '', name = '']) => ({
      file,
      from: name.startsWith('.') ? posix.join(posix.dirname(file), name) : name,
      typeOnly: type !== '',
    }))
  })
}

function filesOf(...patterns: string[]): string[] {
  const exclude = ['**/node_modules/**', 'data/**', 'work/**']
  return globSync(patterns, { cwd: REPOSITORY, exclude })
    .map((file) => file.replaceAll('\\', '/'))
    .toSorted()
}

function read(file: string): string {
  return readFileSync(join(REPOSITORY, file), 'utf8')
}

type Side = 'server' | 'web'

/** The files that the record of transports is made of; what else lies beside them is shared. */
function transportsOf(side: Side): string[] {
  const index = `${side}/transports/index.ts`
  const files = importsOf(index)
    .filter(({ typeOnly }) => !typeOnly)
    .map(({ from }) => from)
  expect(files.length, `transports in ${index}`).toBeGreaterThanOrEqual(4)
  return files
}

function isIn(path: string, ...folders: string[]): boolean {
  return folders.some((folder) => path.startsWith(`${folder}/`))
}
